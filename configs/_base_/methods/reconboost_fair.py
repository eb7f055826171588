# Fair: the paper's options; none is about the optimiser. (w1 = 5 acts like a
# learning rate in the stages: tune the rate.)
method_reconboost = dict(
    plan=dict(type='ReconBoostHook', stage_epochs=4, rectify_epochs=4),
    step=dict(type='ReconBoost', boost_weight=5.0, agreement_weight=1.0),
    model=dict(
        mask='skip',
        unimodal='fusion',
        fusion=dict(_delete_=True, type='DecisionFusionHead', absent='skip'),
    ),
)
