_base_ = ['../loaders.py']
# Six views of handwritten digits. Made by:
# python tools/data/prepare_handwritten.py
data_root = '{{$HANDWRITTEN_ROOT:data/handwritten}}'
loader = dict(batch_size=64, num_workers=0, persistent_workers=False)
arrays = dict(
    type='ArrayDataset',
    data_root=data_root,
    ann_file='handwritten.npz',
    modalities=['pix', 'fou', 'fac', 'zer', 'kar', 'mor'],
)
train_dataloader = dict(
    **loader,
    dataset=dict(**arrays, filter_cfg=dict(split='train')),
)
val_dataloader = dict(
    **loader,
    dataset=dict(**arrays, filter_cfg=dict(split='test'), test_mode=True),
)
test_dataloader = val_dataloader
