# Shares by accuracy on held-out samples (ours): docs/methods/reliability.md.
# The validation samples decide: add held_out = dict(by=..., folds=5, fold=0).
method_reliability = dict(plan=dict(type='ReliabilityHook', warmup_epochs=10))
