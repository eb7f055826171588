# MLA (Zhang et al., CVPR 2024) as in the paper: modalities take turns on the
# same batch, the head's gradient is projected, and at test the scores are
# weighed by their entropies. The released code differs: docs/methods/mla.md.
method_mla = dict(
    plan=dict(type='EveryModalityHook'),
    step=dict(type='MLA', projection='rls', normalize=False, absorb='before'),
    model=dict(
        fusion=dict(_delete_=True, type='SharedHeadFusion', weights='entropy'),
        unimodal='fusion',
    ),
    train_dataloader=dict(batch_sampler=dict(order='alternate')),
)
