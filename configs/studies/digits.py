# Spoken and written digits of unseen speakers; all and a tenth of the samples.
# python tools/study.py configs/studies/digits.py
_base_ = ['_methods.py']
base = 'configs/joint_digits_concat.py'
variants = dict(
    tenth={
        'train_dataloader.dataset.filter_cfg.repetition': [3, 13, 23, 33, 43],
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 20,
    },
)
learning_rates = [3e-3, 1e-3]
held_out = dict(by='speaker', folds=4)
