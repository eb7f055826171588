_base_ = ['../remix_grid_concat.py']
# Pure batches without scores: the modalities take turns.
custom_hooks = [dict(type='KLScoreHook', warmup_epochs=20, rule='round_robin')]
