# How long to warm up, of 20 epochs.
# python tools/study.py configs/studies/questions/warmup.py
_base_ = ['_tenth.py']
methods = {
    'remix_0': dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 0},
    ),
    'remix_2': dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 2},
    ),
    'remix_5': dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 5},
    ),
    'remix_10': dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 10},
    ),
    'remix_15': dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 15},
    ),
    'remix_18': dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 18},
    ),
}
