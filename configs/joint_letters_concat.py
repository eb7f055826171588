_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/letters.py',
    '_base_/models/arrays_concat.py',
    '_base_/schedules/adam_small.py',
]
model = dict(
    num_classes=25,
    encoders=dict(
        # Five: what is averaged at the end must have seen the whole letter.
        audio=dict(type='SmallCNN', channels=(16, 32, 64, 128, 128)),
        video=dict(type='SmallCNN', in_channels=8, channels=(16, 32, 64, 128)),
    ),
    data_preprocessor=dict(
        normalize=dict(
            audio=dict(mean=-2.0, std=2.0),
            video=dict(mean=110.0, std=60.0),
        ),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=3e-3))
train_cfg = dict(max_epochs=20)
