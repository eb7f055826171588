# "Resample + Remix" (Ma et al., ICML 2025, Table 2), in our reading: each
# sample keeps its weakest modality, and SMV's copies come in pure batches too.
method_resample = dict(
    plan=dict(type='ResampleHook', warmup_epochs=10, originals='weakest')
)
