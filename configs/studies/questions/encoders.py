# Encoders of three times the width.
# python tools/study.py configs/studies/questions/encoders.py
_base_ = ['_tenth.py']
variants = dict(
    _delete_=True,
    wide={
        'train_dataloader.dataset.filter_cfg.repetition': [3, 13, 23, 33, 43],
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 20,
        'train_cfg.val_interval': 20,
        'model.encoders.audio.channels': (24, 48, 96, 192),
        'model.encoders.image.channels': (24, 48, 96),
    },
)
methods = dict(
    every_modality=dict(bases=['_base_/methods/every_modality.py']),
    modality_dropout=dict(bases=['_base_/methods/modality_dropout_fair.py']),
    opm=dict(bases=['_base_/methods/opm_fair.py']),
    mmpareto=dict(bases=['_base_/methods/mmpareto_fair.py']),
    remix=dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 3},
    ),
)
