# Data Remixing as published (Ma et al., ICML 2025).
method_remix = dict(plan=dict(type='KLScoreHook', warmup_epochs=10))
