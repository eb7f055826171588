# Spoken and written digits of unseen speakers, all samples.
# python tools/study.py configs/studies/digits_all.py
_base_ = ['_methods.py']
base = 'configs/joint_digits_concat.py'
variants = dict(all={'train_cfg.max_epochs': 8, 'train_cfg.val_interval': 8})
choose_by = None
learning_rates = [3e-3]
held_out = dict(by='speaker', folds=4)
