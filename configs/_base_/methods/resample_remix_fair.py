# Fair: nothing to change, the published form has the common recipe's losses.
method_resample = dict(
    plan=dict(type='ResampleHook', warmup_epochs=10, originals='weakest')
)
