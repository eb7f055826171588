# UTD-MHAD without the depth camera.
_base_ = ['../joint_utd_concat.py']
train_dataloader = dict(dataset=dict(modalities=['inertial', 'skeleton']))
val_dataloader = dict(dataset=dict(modalities=['inertial', 'skeleton']))
test_dataloader = dict(dataset=dict(modalities=['inertial', 'skeleton']))
model = dict(
    encoders=dict(
        _delete_=True,
        inertial=dict(type='TemporalCNN', in_channels=6),
        skeleton=dict(type='TemporalCNN', in_channels=60),
    ),
    data_preprocessor=dict(
        normalize=dict(
            _delete_=True,
            inertial=dict(mean=[0.0] * 6, std=[1.0] * 3 + [100.0] * 3),
            skeleton=dict(mean=0.0, std=0.4),
        ),
    ),
)
