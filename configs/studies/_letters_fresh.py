# GRID letters with noise at 0 dB that is drawn anew in each epoch.
_base_ = ['../joint_letters_concat.py']
pipeline = [
    dict(type='ForModality', modality='video', output='video', transforms=[]),
    dict(
        type='ForModality',
        modality='audio',
        input='waveform',
        output='spectrogram',
        transforms=[
            dict(type='AddNoise', snr_db=0.0),
            dict(type='LogSTFT', n_fft=256, hop_length=200),
        ],
    ),
    dict(type='PackAVInputs'),
]
dataset = dict(
    pipeline=pipeline, modalities=dict(audio='waveform', video='video')
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
