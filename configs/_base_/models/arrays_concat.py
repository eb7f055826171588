# Encoders and num_classes are set by the config of the data set.
model = dict(
    type='AVRecognizer',
    num_classes=None,
    encoders=dict(),
    fusion=dict(type='ConcatFusionHead'),
    loss_weights=dict(
        all_active=dict(fusion=1.0, unimodal=0.5),
        some_active=dict(fusion=1.0, unimodal=1.0),
    ),
    data_preprocessor=dict(type='AVDataPreprocessor'),
)
