# A transformer over the tokens of both modalities in place of concatenation.
# python tools/study.py configs/studies/questions/transformer.py
_base_ = ['_tenth.py']
variants = dict(
    _delete_=True,
    transformer={
        'train_dataloader.dataset.filter_cfg.repetition': [3, 13, 23, 33, 43],
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 20,
        'train_cfg.val_interval': 20,
        'model.fusion': dict(
            _delete_=True, type='TransformerFusionHead', width=64
        ),
    },
)
methods = dict(
    every_modality=dict(bases=['_base_/methods/every_modality.py']),
    modality_dropout=dict(bases=['_base_/methods/modality_dropout_fair.py']),
    remix=dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 3},
    ),
)
