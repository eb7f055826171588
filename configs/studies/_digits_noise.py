# Spoken and written digits, and a modality of random numbers.
_base_ = ['../joint_digits_concat.py']
modalities = dict(audio='spectrogram', image='image', noise='noise')
train_dataloader = dict(dataset=dict(modalities=modalities))
val_dataloader = dict(dataset=dict(modalities=modalities))
test_dataloader = dict(dataset=dict(modalities=modalities))
model = dict(encoders=dict(noise=dict(type='MLP', in_channels=64)))
