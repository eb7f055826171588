# Every sample once with each modality alone, nothing scored: docs/methods/
# every_modality.md. joint_share=0.5 for half joint, half to all.
method_every_modality = dict(
    plan=dict(type='EveryModalityHook', warmup_epochs=0, joint_share=0.0)
)
