# Fair: nothing to change, the form of mla_remix.py sets nothing about the
# optimiser; its warm-up is the recipe's to choose.
method_mla_remix = dict(
    plan=dict(type='KLScoreHook', warmup_epochs=10),
    step=dict(type='MLA'),
    model=dict(
        fusion=dict(_delete_=True, type='SharedHeadFusion', weights='entropy'),
        unimodal='fusion',
    ),
)
