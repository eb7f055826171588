# GRID, the spoken letter.
data_root = '{{$GRID_ROOT:data/grid_s1}}'
# mmengine takes a file with `import os` for a config of its other kind.
if __import__('os').path.isfile(f'{data_root}/train.csv'):
    # Made by: python tools/data/prepare_grid.py --root GRID --word letter
    train_rows = dict(ann_file='train.csv')
    test_rows = dict(ann_file='test.csv')
else:
    # words.csv has a row for each word of each sentence, and the split.
    words = dict(
        ann_file='words.csv',
        columns=dict(label='word', start='start_s', end='end_s'),
        data_prefix=dict(clip='clips'),
        clip_suffix='.mp4',
    )
    train_rows = dict(
        **words, filter_cfg=dict(split='train', position='letter')
    )
    test_rows = dict(**words, filter_cfg=dict(split='test', position='letter'))
# Clean audio leaves little to learn from the mouth; noise sets the gap.
audio_snr_db = 5.0
# Of the 112x112 frame, 64x64 pixels around the mouth.
mouth = (0.2143, 0.4286, 0.7857, 1.0)
train_pipeline = [
    dict(
        type='ForModality',
        modality='video',
        output='imgs',
        transforms=[
            dict(type='DecodeVideo', num_frames=8, sampling='random'),
            dict(type='CropBox', box=mouth),
            dict(type='mmaction.RandomCrop', size=56),
            dict(type='mmaction.Flip', flip_ratio=0.5),
            dict(type='StackFrames', grayscale=True),
        ],
    ),
    dict(
        type='ForModality',
        modality='audio',
        output='spectrogram',
        transforms=[
            dict(
                type='DecodeAudio',
                sample_rate=16000,
                duration=0.5,
                sampling='random',
                padding='zero',
            ),
            dict(type='AddNoise', snr_db=audio_snr_db),
            dict(type='LogSTFT', n_fft=400, hop_length=100),
        ],
    ),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(
        type='ForModality',
        modality='video',
        output='imgs',
        transforms=[
            dict(type='DecodeVideo', num_frames=8, sampling='middle'),
            dict(type='CropBox', box=mouth),
            dict(type='mmaction.CenterCrop', crop_size=56),
            dict(type='StackFrames', grayscale=True),
        ],
    ),
    dict(
        type='ForModality',
        modality='audio',
        output='spectrogram',
        transforms=[
            dict(
                type='DecodeAudio',
                sample_rate=16000,
                duration=0.5,
                sampling='middle',
                padding='zero',
            ),
            dict(type='AddNoise', snr_db=audio_snr_db),
            dict(type='LogSTFT', n_fft=400, hop_length=100),
        ],
    ),
    dict(type='PackAVInputs'),
]
# There is no validation split: the test set is looked at in every epoch.
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='RemixSampler', order='sequential', tail='keep'),
    dataset=dict(
        type='GRID',
        data_root=data_root,
        margin=0.1,
        **train_rows,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='GRID',
        data_root=data_root,
        margin=0.1,
        **test_rows,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='MultimodalAccuracy')
test_dataloader = val_dataloader
test_evaluator = val_evaluator
