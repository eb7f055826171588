_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/handwritten.py',
    '_base_/models/arrays_concat.py',
    '_base_/schedules/adam_small.py',
]
model = dict(
    num_classes=10,
    encoders=dict(
        pix=dict(type='MLP', in_channels=240),
        fou=dict(type='MLP', in_channels=76),
        fac=dict(type='MLP', in_channels=216),
        zer=dict(type='MLP', in_channels=47),
        kar=dict(type='MLP', in_channels=64),
        mor=dict(type='MLP', in_channels=6),
    ),
)
train_cfg = dict(max_epochs=10)
