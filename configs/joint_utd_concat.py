_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/utd.py',
    '_base_/models/arrays_concat.py',
    '_base_/schedules/adam_small.py',
]
model = dict(
    num_classes=27,
    encoders=dict(
        depth=dict(type='SmallCNN', in_channels=12),
        inertial=dict(type='TemporalCNN', in_channels=6),
        skeleton=dict(type='TemporalCNN', in_channels=60),
    ),
    data_preprocessor=dict(
        normalize=dict(
            depth=dict(mean=16.0, std=50.0),
            # g, degrees a second; metres.
            inertial=dict(mean=[0.0] * 6, std=[1.0] * 3 + [100.0] * 3),
            skeleton=dict(mean=0.0, std=0.4),
        ),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=3e-3))
train_cfg = dict(max_epochs=15)
