# Spoken and written digits, the sound as it was recorded.
_base_ = ['../joint_digits_concat.py']
pipeline = [
    dict(
        type='ForModality',
        modality='audio',
        input='waveform',
        output='waveform',
        transforms=[dict(type='FixLength', key='waveform', length=8192)],
    ),
    dict(type='ForModality', modality='image', output='image', transforms=[]),
    dict(type='PackAVInputs'),
]
dataset = dict(
    pipeline=pipeline, modalities=dict(audio='waveform', image='image')
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
model = dict(
    encoders=dict(
        audio=dict(
            _delete_=True, type='WaveformCNN', channels=(8, 16, 32, 64)
        ),
    ),
    data_preprocessor=dict(normalize=dict(audio=dict(mean=0.0, std=2000.0))),
)
