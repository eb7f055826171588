# The demo clips, which a tool makes: video and sound of six classes.
# python tools/data/make_demo.py
# python tools/study.py configs/studies/demo_clips.py
_base_ = ['_methods.py']
base = 'configs/joint_demo_concat.py'
variants = dict(all={'train_cfg.max_epochs': 8, 'train_cfg.val_interval': 8})
choose_by = None
learning_rates = [1e-3]
held_out = dict(by=None, folds=5)
seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
