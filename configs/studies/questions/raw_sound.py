# Raw sound in place of the spectrogram.
# python tools/study.py configs/studies/questions/raw_sound.py
_base_ = ['_tenth.py']
variants = dict(
    raw={
        'train_dataloader.dataset.filter_cfg.repetition': [3, 13, 23, 33, 43],
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 20,
        'train_cfg.val_interval': 20,
        'train_dataloader.dataset.modalities.audio': 'waveform',
        'val_dataloader.dataset.modalities.audio': 'waveform',
        'test_dataloader.dataset.modalities.audio': 'waveform',
        'model.encoders.audio': dict(
            _delete_=True, type='WaveformCNN', channels=(8, 16, 32, 64)
        ),
        'model.data_preprocessor.normalize.audio': dict(mean=0.0, std=2000.0),
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
