_base_ = ['../remix_grid_concat.py']
# The same subset sizes, dealt at random.
custom_hooks = [dict(type='KLScoreHook', warmup_epochs=20, rule='random')]
