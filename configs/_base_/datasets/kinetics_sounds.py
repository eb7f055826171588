_base_ = ['../loaders.py']
data_root = '{{$KS_ROOT:data/kinetics_sounds}}'
audio = dict(
    type='ForModality',
    modality='audio',
    output='spectrogram',
    transforms=[
        # At the clip's own rate, 1,024 frames of 10 ms.
        dict(type='DecodeAudio'),
        dict(type='KaldiFbank', num_mel_bins=128, num_frames=1024),
    ],
)
train_pipeline = [
    dict(
        type='ForModality',
        modality='video',
        output='imgs',
        transforms=[
            dict(type='DecodeVideo', num_frames=3, sampling='random'),
            dict(type='mmaction.RandomResizedCrop'),
            dict(type='mmaction.Resize', scale=(224, 224), keep_ratio=False),
            dict(type='mmaction.Flip', flip_ratio=0.5),
            dict(type='mmaction.FormatShape', input_format='NCHW'),
        ],
    ),
    audio,
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(
        type='ForModality',
        modality='video',
        output='imgs',
        transforms=[
            dict(type='DecodeVideo', num_frames=3, sampling='middle'),
            dict(type='mmaction.Resize', scale=(224, 224), keep_ratio=False),
            dict(type='mmaction.FormatShape', input_format='NCHW'),
        ],
    ),
    audio,
    dict(type='PackAVInputs'),
]
loader = dict(batch_size=64, num_workers=8, pin_memory=True)
clips = dict(type='KineticsSounds', data_root=data_root)
evaluated = dict(**clips, pipeline=test_pipeline, test_mode=True)
train_dataloader = dict(
    **loader,
    dataset=dict(**clips, ann_file='train.csv', pipeline=train_pipeline),
)
val_dataloader = dict(**loader, dataset=dict(**evaluated, ann_file='val.csv'))
test_dataloader = dict(
    **loader, dataset=dict(**evaluated, ann_file='test.csv')
)
