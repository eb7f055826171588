_base_ = ['../loaders.py']
# Spoken and written digits. Made by: python tools/data/prepare_digits.py
data_root = '{{$DIGITS_ROOT:data/digits}}'
loader = dict(batch_size=64, num_workers=0, persistent_workers=False)
arrays = dict(
    type='ArrayDataset',
    data_root=data_root,
    ann_file='digits.npz',
    modalities=dict(audio='spectrogram', image='image'),
)
train_dataloader = dict(
    **loader,
    dataset=dict(**arrays, filter_cfg=dict(split='train')),
)
# Other speakers than those of training.
val_dataloader = dict(
    **loader,
    dataset=dict(**arrays, filter_cfg=dict(split='test'), test_mode=True),
)
test_dataloader = val_dataloader
