# Resample, sample level (SMV: Wei et al., CVPR 2024): the fused loss alone.
method_resample = dict(
    plan=dict(type='ResampleHook', warmup_epochs=5, level='sample'),
    model=dict(
        loss_weights=dict(
            all_active=dict(unimodal=0.0), some_active=dict(unimodal=0.0)
        )
    ),
)
