custom_hooks = [dict(type='KLScoreHook', warmup_epochs=10, interval=1)]
