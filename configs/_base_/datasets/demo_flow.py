_base_ = ['../loaders.py']
# Made by: python tools/data/make_demo.py
# Flow is computed when a sample is loaded, or read from packed copies whose
# method, gap and bound are these (docs/data/flow.md).
data_root = 'data/demo'
flow = dict(type='Flow', num_pairs=2, gap=0.1, bound=8.0, crop_size=56)
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
        modality='flow',
        output='flow',
        transforms=[dict(**flow, sampling='random', flip_ratio=0.5)],
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
        modality='flow',
        output='flow',
        transforms=[dict(**flow, sampling='middle')],
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
clips = dict(
    type='AVDataset',
    data_root=data_root,
    classes='classes.txt',
    modalities=['video', 'flow', 'audio'],
)
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
