# GRID letters, one talker, white noise on the sound that a sample keeps.
# python tools/study.py configs/studies/letters.py
_base_ = ['_methods.py']
base = 'configs/joint_letters_concat.py'
variants = {
    '10db': {
        'train_cfg.val_interval': 20,
        'train_dataloader.dataset.modalities.audio': 'spectrogram_10db',
        'val_dataloader.dataset.modalities.audio': 'spectrogram_10db',
        'test_dataloader.dataset.modalities.audio': 'spectrogram_10db',
    },
    '0db': {'train_cfg.val_interval': 20},
    '-10db': {
        'train_cfg.val_interval': 20,
        'train_dataloader.dataset.modalities.audio': 'spectrogram_-10db',
        'val_dataloader.dataset.modalities.audio': 'spectrogram_-10db',
        'test_dataloader.dataset.modalities.audio': 'spectrogram_-10db',
    },
}
choose_by = None
learning_rates = [3e-3]
held_out = dict(by=None, folds=5)
seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
