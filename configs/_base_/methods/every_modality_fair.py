# Fair: nothing to change; all batches hold one modality from the start.
method_every_modality = dict(
    plan=dict(type='EveryModalityHook', warmup_epochs=0, joint_share=0.0)
)
