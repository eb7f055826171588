_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/digits.py',
    '_base_/models/arrays_concat.py',
    '_base_/schedules/adam_small.py',
]
model = dict(
    num_classes=10,
    encoders=dict(
        audio=dict(type='SmallCNN', channels=(8, 16, 32, 64)),
        image=dict(type='SmallCNN', channels=(8, 16, 32)),
    ),
    data_preprocessor=dict(
        normalize=dict(
            audio=dict(mean=-2.0, std=5.0),  # log-mel
            image=dict(mean=33.0, std=79.0),  # 0 to 255
        ),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=3e-3))
train_cfg = dict(max_epochs=8)
