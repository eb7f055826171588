# Fair: the published options; nothing in them is about the optimiser.
method_pmr = dict(
    step=dict(type='PMR', alpha=1.0, form='soft'),
    hook=dict(type='PrototypeHook', share=0.1),
)
