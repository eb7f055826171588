# A tenth of the spoken and written digits, the last epoch, ten seeds.
# python tools/study.py configs/studies/digits_tenth.py
_base_ = ['_methods.py']
base = 'configs/joint_digits_concat.py'
variants = dict(
    last={
        'train_dataloader.dataset.filter_cfg.repetition': [3, 13, 23, 33, 43],
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 20,
        'train_cfg.val_interval': 20,
    },
)
choose_by = None
seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
learning_rates = [3e-3]
held_out = dict(by='speaker', folds=4)
