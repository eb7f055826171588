# GRID letters, white noise of 0 dB drawn anew in each epoch.
# python tools/study.py configs/studies/letters_fresh.py
_base_ = ['_methods.py']
base = 'configs/studies/_letters_fresh.py'
variants = {'0db': {'train_cfg.val_interval': 20}}
choose_by = None
learning_rates = [3e-3]
held_out = dict(by=None, folds=5)
seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
