# UTD-MHAD, people held out, with three modalities and with the best two.
# python tools/study.py configs/studies/utd.py
_base_ = ['_methods.py']
base = 'configs/joint_utd_concat.py'
variants = dict(three={})
learning_rates = [3e-3, 1e-3]
held_out = dict(by='subject', folds=4)
