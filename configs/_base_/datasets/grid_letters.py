_base_ = ['../loaders.py']
# GRID, the spoken letter.
data_root = '{{$GRID_ROOT:data/grid_s1}}'
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
loader = dict(batch_size=32, num_workers=2)
clips = dict(type='GRID', data_root=data_root, margin=0.1)
train_dataloader = dict(
    **loader,
    dataset=dict(**clips, ann_file='train.csv', pipeline=train_pipeline),
)
# There is no validation split: the test set is looked at in every epoch.
val_dataloader = dict(
    **loader,
    dataset=dict(
        **clips, ann_file='test.csv', pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = val_dataloader
