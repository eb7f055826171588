model = dict(
    type='AVRecognizer',
    num_classes=None,  # set by the config of the data set
    encoders=dict(
        video=dict(type='ResNet', depth=18, in_channels=3, base_channels=64),
        audio=dict(type='ResNet', depth=18, in_channels=1, base_channels=64),
    ),
    fusion=dict(type='ConcatFusionHead'),
    loss_weights=dict(
        all_active=dict(fusion=1.0, unimodal=0.5),
        some_active=dict(fusion=1.0, unimodal=1.0),
    ),
    data_preprocessor=dict(
        type='AVDataPreprocessor',
        normalize=dict(
            # ImageNet statistics, for RGB in 0 to 255.
            video=dict(
                mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
            ),
        ),
    ),
)
