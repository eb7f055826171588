# Raw sound in place of the spectrogram.
# python tools/study.py configs/studies/questions/raw_sound.py
_base_ = ['_tenth.py']
base = 'configs/studies/_digits_raw.py'
methods = dict(
    every_modality=dict(bases=['_base_/methods/every_modality.py']),
    modality_dropout=dict(bases=['_base_/methods/modality_dropout_fair.py']),
    remix=dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 3},
    ),
)
