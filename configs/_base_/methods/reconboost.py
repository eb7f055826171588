# ReconBoost (Hua et al., ICML 2024), as in the paper. In the released code
# the agreement term has no gradient: step=dict(agreement_gradient=False).
method_reconboost = dict(
    plan=dict(type='ReconBoostHook', stage_epochs=4, rectify_epochs=4),
    step=dict(type='ReconBoost', boost_weight=5.0, agreement_weight=1.0),
    model=dict(
        mask='skip',
        unimodal='fusion',
        fusion=dict(_delete_=True, type='DecisionFusionHead', absent='skip'),
    ),
)
