# MLA in the common recipe. Fair: MLA sets nothing about the optimiser. An
# epoch has one step a modality and batch, and costs each encoder as much as a
# joint one; for equal steps divide max_epochs by the number of modalities.
method_mla = dict(
    plan=dict(type='EveryModalityHook'),
    step=dict(type='MLA'),
    model=dict(
        fusion=dict(_delete_=True, type='SharedHeadFusion', weights='entropy'),
        unimodal='fusion',
    ),
    train_dataloader=dict(batch_sampler=dict(order='alternate')),
)
