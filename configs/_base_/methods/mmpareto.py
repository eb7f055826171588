# MMPareto as published (Wei and Hu, ICML 2024): the fused loss and each
# head's have equal weights. Its schedule is in docs/methods/mmpareto.md.
method_mmpareto = dict(
    step=dict(type='MMPareto', gamma=1.5, rescale='encoder'),
    model=dict(
        loss_weights=dict(all_active=dict(fusion=1.0, unimodal=1.0)),
    ),
)
