# What the studies compare. Warm-ups are 3 epochs of the 15 or 20 of a run.
# Each method is in its `_fair` form: heads, losses and optimiser are joint's.
methods = dict(
    joint=dict(),
    joint_no_heads=dict(
        options={
            'model.loss_weights.all_active.unimodal': 0.0,
            'model.loss_weights.some_active.unimodal': 0.0,
        }
    ),
    every_modality=dict(bases=['_base_/methods/every_modality.py']),
    half_joint=dict(
        bases=['_base_/methods/every_modality.py'],
        options={'method_every_modality.plan.joint_share': 0.5},
    ),
    remix=dict(
        bases=['_base_/methods/remix.py'],
        options={'method_remix.plan.warmup_epochs': 3},
    ),
    remix_feature=dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'model.mask': 'feature',
        },
    ),
    remix_recalibrated=dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'method_remix.plan.bn_recalibration': True,
        },
    ),
    random=dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'method_remix.plan.rule': 'random',
        },
    ),
    modality_dropout=dict(bases=['_base_/methods/modality_dropout_fair.py']),
    reliability=dict(
        bases=['_base_/methods/reliability.py'],
        options={'method_reliability.plan.warmup_epochs': 3},
    ),
    inverse=dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'method_remix.plan.rule': 'strongest',
        },
    ),
    decouple=dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'train_dataloader.batch_sampler.reassemble': False,
            'train_dataloader.collate_fn': dict(
                type='mmremix.multimodal_collate'
            ),
        },
    ),
    reassemble=dict(
        bases=['_base_/methods/remix.py'],
        options={
            'method_remix.plan.warmup_epochs': 3,
            'train_dataloader.batch_sampler.decouple': False,
        },
    ),
    unimodal_first=dict(from_unimodal=True),
    ogm_ge=dict(bases=['_base_/methods/ogm_ge_fair.py']),
    opm=dict(bases=['_base_/methods/opm_fair.py']),
    agm=dict(bases=['_base_/methods/agm_fair.py']),
    mmpareto=dict(bases=['_base_/methods/mmpareto_fair.py']),
    pmr=dict(bases=['_base_/methods/pmr_fair.py']),
    mla=dict(bases=['_base_/methods/mla_fair.py']),
    resample=dict(
        bases=['_base_/methods/resample_fair.py'],
        options={'method_resample.plan.warmup_epochs': 3},
    ),
    dnr=dict(
        bases=['_base_/methods/dnr_fair.py'],
        options={'method_dnr.hook.interval': 4},
    ),
    inforeg=dict(bases=['_base_/methods/inforeg_fair.py']),
    dgl=dict(bases=['_base_/methods/dgl_fair.py']),
)
unimodal = True
seeds = [0, 1, 2, 3, 4]
options = {
    'default_hooks.gradient_conflict': None,
    'default_hooks.contribution': None,
}
