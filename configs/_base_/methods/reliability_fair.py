# Fair: nothing to change but the warm-up, as for Data Remixing. The validation
# samples decide: add held_out = dict(by=..., folds=5, fold=0).
method_reliability = dict(plan=dict(type='ReliabilityHook', warmup_epochs=10))
