# A study of minutes on the demo clips: how studies work, not a result.
# python tools/study.py configs/studies/demo.py
base = 'configs/joint_demo_concat.py'
epochs = 8
methods = dict(
    joint=dict(),
    joint_no_heads=dict(
        options={
            'model.loss_weights.all_active.unimodal': 0.0,
            'model.loss_weights.some_active.unimodal': 0.0,
        },
    ),
    every_modality=dict(
        options={
            'method_every': dict(
                plan=dict(type='EveryModalityHook', warmup_epochs=2)
            ),
            'train_dataloader.batch_sampler.order': 'alternate',
        },
    ),
    remix=dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 2},
    ),
)
unimodal = True
seeds = [0, 1, 2]
learning_rates = [1e-3, 3e-4]
held_out = dict(folds=5)
