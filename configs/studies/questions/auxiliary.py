# What a modality of random numbers does, which can only be memorised.
# python tools/study.py configs/studies/questions/auxiliary.py
_base_ = ['_tenth.py']
base = 'configs/studies/_digits_noise.py'
methods = dict(
    every_modality=dict(bases=['_base_/methods/every_modality.py']),
    half_joint=dict(
        bases=['_base_/methods/every_modality.py'],
        options={'method_every_modality.plan.joint_share': 0.5},
    ),
    remix=dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 3},
    ),
    random=dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'method_remix.plan.rule': 'random',
        },
    ),
    reliability=dict(
        bases=['_base_/methods/reliability.py'],
        options={'method_reliability.plan.warmup_epochs': 3},
    ),
    modality_dropout=dict(bases=['_base_/methods/modality_dropout_fair.py']),
    opm=dict(bases=['_base_/methods/opm_fair.py']),
    mmpareto=dict(bases=['_base_/methods/mmpareto_fair.py']),
)
