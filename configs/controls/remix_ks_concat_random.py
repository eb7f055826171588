_base_ = ['../remix_ks_concat.py']
# The same subset sizes, dealt at random.
custom_hooks = [dict(type='KLScoreHook', warmup_epochs=10, rule='random')]
