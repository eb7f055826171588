_base_ = ['../remix_grid_concat.py']
# Each sample keeps its most certain modality.
custom_hooks = [dict(type='KLScoreHook', warmup_epochs=20, rule='strongest')]
