# A tenth of the six views of handwritten digits, the last epoch.
# python tools/study.py configs/studies/handwritten_last.py
_base_ = ['handwritten.py']
variants = dict(tenth={'train_cfg.val_interval': 20})
choose_by = None
learning_rates = [3e-3]
