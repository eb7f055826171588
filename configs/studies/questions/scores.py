# Which score decides what a sample keeps. The order of the loss is that of the
# probability of the true class.
# python tools/study.py configs/studies/questions/scores.py
_base_ = ['_tenth.py']
methods = {
    'remix_kl_to_uniform': dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'method_remix.plan.score': 'kl_to_uniform',
        },
    ),
    'remix_probability_margin': dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'method_remix.plan.score': 'probability_margin',
        },
    ),
    'remix_true_class_probability': dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'method_remix.plan.score': 'true_class_probability',
        },
    ),
}
