_base_ = ['../loaders.py']
# UTD-MHAD. Made by: python tools/data/prepare_utd.py
data_root = '{{$UTD_ROOT:data/utd}}'
loader = dict(batch_size=32, num_workers=0, persistent_workers=False)
arrays = dict(
    type='ArrayDataset',
    data_root=data_root,
    ann_file='utd.npz',
    modalities=['depth', 'inertial', 'skeleton'],
    classes='classes',
)
pipeline = [
    dict(type='ForModality', modality='depth', output='depth', transforms=[]),
    dict(
        type='ForModality',
        modality='inertial',
        output='inertial',
        transforms=[],
    ),
    dict(
        type='ForModality',
        modality='skeleton',
        output='skeleton',
        transforms=[],
    ),
    dict(type='PackAVInputs'),
]
train_dataloader = dict(
    **loader,
    dataset=dict(**arrays, filter_cfg=dict(split='train'), pipeline=pipeline),
)
# Other people than those of training.
val_dataloader = dict(
    **loader,
    dataset=dict(
        **arrays,
        filter_cfg=dict(split='test'),
        pipeline=pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
