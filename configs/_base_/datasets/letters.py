_base_ = ['../loaders.py']
# GRID, the spoken letter, as arrays. Made by:
# python tools/data/prepare_letters.py
data_root = '{{$LETTERS_ROOT:data/letters}}'
loader = dict(batch_size=32, num_workers=0, persistent_workers=False)
arrays = dict(
    type='ArrayDataset',
    data_root=data_root,
    ann_file='letters.npz',
    # Noise sets how far the sound is ahead: 10, 0 and -10 dB are there.
    modalities=dict(audio='spectrogram_0db', video='video'),
    classes='classes',
)
train_dataloader = dict(
    **loader,
    dataset=dict(**arrays, filter_cfg=dict(split='train')),
)
# There is no validation split: hold out a part of training.
val_dataloader = dict(
    **loader,
    dataset=dict(**arrays, filter_cfg=dict(split='test'), test_mode=True),
)
test_dataloader = val_dataloader
