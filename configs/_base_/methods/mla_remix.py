# MLA's head and projection on Remix's batches, "MLA + Remix" of Table 2 of the
# Remix paper (Ma et al., ICML 2025), which does not say how the two are put
# together: the warm-up is joint, the order of the batches Remix's.
method_mla_remix = dict(
    plan=dict(type='KLScoreHook', warmup_epochs=10),
    step=dict(type='MLA'),
    model=dict(
        fusion=dict(_delete_=True, type='SharedHeadFusion', weights='entropy'),
        unimodal='fusion',
    ),
)
