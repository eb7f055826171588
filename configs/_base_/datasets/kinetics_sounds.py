data_root = '{{$KS_ROOT:data/kinetics_sounds}}'
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
    dict(
        type='ForModality',
        modality='audio',
        output='spectrogram',
        transforms=[
            # At the clip's own rate, 1,024 frames of 10 ms.
            dict(type='DecodeAudio'),
            dict(type='KaldiFbank', num_mel_bins=128, num_frames=1024),
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
            dict(type='DecodeVideo', num_frames=3, sampling='middle'),
            dict(type='mmaction.Resize', scale=(224, 224), keep_ratio=False),
            dict(type='mmaction.FormatShape', input_format='NCHW'),
        ],
    ),
    dict(
        type='ForModality',
        modality='audio',
        output='spectrogram',
        transforms=[
            # At the clip's own rate, 1,024 frames of 10 ms.
            dict(type='DecodeAudio'),
            dict(type='KaldiFbank', num_mel_bins=128, num_frames=1024),
        ],
    ),
    dict(type='PackAVInputs'),
]
train_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='RemixSampler', order='sequential', tail='keep'),
    dataset=dict(
        type='KineticsSounds',
        data_root=data_root,
        ann_file='train.csv',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='KineticsSounds',
        data_root=data_root,
        ann_file='val.csv',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='MultimodalAccuracy')
test_dataloader = dict(
    batch_size=64,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='KineticsSounds',
        data_root=data_root,
        ann_file='test.csv',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_evaluator = val_evaluator
