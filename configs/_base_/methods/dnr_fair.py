# Fair: the published options; nothing in them is about the optimiser.
method_dnr = dict(
    hook=dict(type='RelearnHook', interval=20, times=3, strength=3.0)
)
