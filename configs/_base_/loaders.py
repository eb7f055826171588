# What the loaders of the data sets share; a file in datasets/ has the rest.
train_dataloader = dict(
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='RemixSampler', order='sequential', tail='keep'),
)
val_dataloader = dict(
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='MultimodalAccuracy')
test_evaluator = val_evaluator
