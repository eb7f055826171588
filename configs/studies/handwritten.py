# Six views of handwritten digits, a tenth of the samples.
# python tools/study.py configs/studies/handwritten.py
_base_ = ['_methods.py']
base = 'configs/joint_handwritten_concat.py'
variants = dict(
    tenth={
        'train_dataloader.dataset.indices': [*range(0, 1600, 10)],
        'train_dataloader.batch_size': 16,
        'train_cfg.max_epochs': 20,
    },
)
learning_rates = [3e-3, 1e-3]
held_out = dict(by=None, folds=5)
