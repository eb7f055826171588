# UTD-MHAD, people held out, trained twice as long as in utd.py.
# python tools/study.py configs/studies/utd_long.py
_base_ = ['_methods.py']
base = 'configs/joint_utd_concat.py'
variants = dict(
    long={'train_cfg.max_epochs': 30, 'train_cfg.val_interval': 30}
)
choose_by = None
learning_rates = [3e-3]
held_out = dict(by='subject', folds=4)
seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
