# Fair: with the heads' losses, as in the runs that it is compared with.
method_resample = dict(
    plan=dict(type='ResampleHook', warmup_epochs=5, level='sample')
)
