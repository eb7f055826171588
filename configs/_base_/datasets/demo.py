_base_ = ['../loaders.py']
# Made by: python tools/data/make_demo.py
data_root = 'data/demo'
train_pipeline = [
    dict(
        type='ForModality',
        modality='video',
        output='imgs',
        transforms=[
            dict(type='DecodeVideo', num_frames=2, sampling='random'),
            dict(type='mmaction.RandomCrop', size=56),
            dict(type='mmaction.Flip', flip_ratio=0.5),
            dict(type='mmaction.FormatShape', input_format='NCHW'),
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
                duration=0.9,
                sampling='random',
            ),
            dict(type='LogSTFT', n_fft=256, hop_length=200),
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
            dict(type='DecodeVideo', num_frames=2, sampling='middle'),
            dict(type='mmaction.CenterCrop', crop_size=56),
            dict(type='mmaction.FormatShape', input_format='NCHW'),
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
                duration=0.9,
                sampling='middle',
            ),
            dict(type='LogSTFT', n_fft=256, hop_length=200),
        ],
    ),
    dict(type='PackAVInputs'),
]
loader = dict(batch_size=32, num_workers=2)
clips = dict(type='AVDataset', data_root=data_root, classes='classes.txt')
train_dataloader = dict(
    **loader,
    dataset=dict(**clips, ann_file='train.csv', pipeline=train_pipeline),
)
val_dataloader = dict(
    **loader,
    dataset=dict(
        **clips, ann_file='test.csv', pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = val_dataloader
