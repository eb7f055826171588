_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/demo_flow.py',
    '_base_/models/resnet18_concat.py',
    '_base_/schedules/adam_small.py',
]
model = dict(
    num_classes=6,
    encoders=dict(
        video=dict(base_channels=16),
        flow=dict(type='ResNet', depth=18, in_channels=4, base_channels=16),
        audio=dict(base_channels=16),
    ),
)
train_cfg = dict(max_epochs=16)
