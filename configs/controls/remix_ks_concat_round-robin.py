_base_ = ['../remix_ks_concat.py']
# Pure batches without scores: the modalities take turns.
custom_hooks = [dict(type='KLScoreHook', warmup_epochs=10, rule='round_robin')]
