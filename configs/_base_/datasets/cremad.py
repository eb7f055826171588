_base_ = ['../loaders.py']
data_root = '{{$CREMAD_ROOT:data/cremad}}'
audio = dict(
    type='ForModality',
    modality='audio',
    output='spectrogram',
    transforms=[
        # Repeated to 3 s and cut there, as in OGM-GE.
        dict(
            type='DecodeAudio',
            sample_rate=22050,
            duration=3.0,
            sampling='start',
            padding='repeat',
            clip_amplitude=True,
        ),
        dict(type='LogSTFT', n_fft=512, hop_length=353),
    ],
)
train_pipeline = [
    dict(
        type='ForModality',
        modality='video',
        output='imgs',
        transforms=[
            dict(type='DecodeVideo', num_frames=2, sampling='random'),
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
            dict(type='DecodeVideo', num_frames=2, sampling='middle'),
            dict(type='mmaction.Resize', scale=(224, 224), keep_ratio=False),
            dict(type='mmaction.FormatShape', input_format='NCHW'),
        ],
    ),
    audio,
    dict(type='PackAVInputs'),
]
loader = dict(batch_size=64, num_workers=8, pin_memory=True)
clips = dict(type='CREMAD', data_root=data_root)
train_dataloader = dict(
    **loader,
    dataset=dict(**clips, ann_file='train.csv', pipeline=train_pipeline),
)
# As in the paper, the test set also chooses the best epoch.
val_dataloader = dict(
    **loader,
    dataset=dict(
        **clips, ann_file='test.csv', pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = val_dataloader
