# Diagnosing & Re-learning (Wei et al., ECCV 2024). Held out are the samples of
# val_dataloader: have it hold out a part of the training samples.
method_dnr = dict(
    hook=dict(type='RelearnHook', interval=20, times=3, strength=3.0)
)
