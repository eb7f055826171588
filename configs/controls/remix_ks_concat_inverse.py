_base_ = ['../remix_ks_concat.py']
# Each sample keeps its most certain modality.
custom_hooks = [dict(type='KLScoreHook', warmup_epochs=10, rule='strongest')]
