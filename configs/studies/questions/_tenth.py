# A tenth of the spoken and written digits, as in ../digits.py.
base = 'configs/joint_digits_concat.py'
variants = dict(
    tenth={
        'train_dataloader.dataset.filter_cfg.repetition': [3, 13, 23, 33, 43],
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 20,
        'train_cfg.val_interval': 20,
    },
)
methods = dict(joint=dict())
seeds = [0, 1, 2, 3, 4]
choose_by = None
learning_rates = [3e-3]
held_out = dict(by='speaker', folds=4)
options = {
    'default_hooks.gradient_conflict': None,
    'default_hooks.contribution': None,
}
