# Wu et al., ICML 2022 (arXiv:2202.05306): MMTM, the sum of the heads'
# losses and no fused one; the prediction is the sum of the heads.
method_greedy = dict(
    step=dict(
        type='Greedy',
        eps=0.01,
        curation_steps=5,
        start_epoch=1,  # from 0: the second epoch
    ),
    model=dict(
        fusion=dict(_delete_=True, type='MMTM', track_gates=True),
        loss_weights=dict(
            all_active=dict(fusion=0.0, unimodal=1.0),
            some_active=dict(fusion=0.0, unimodal=1.0),
        ),
    ),
    # Nothing trains the fused head.
    default_hooks=dict(checkpoint=dict(save_best='acc/heads_top1')),
)
