"""Work directories as a training run leaves them, with known numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmremix.datasets import MultimodalDataset
from mmremix.records import RecordFile, epoch_record, save_confusion

CLASSES = ('<b>&"', 'clap', 'shout')
NAMES = ('video', 'audio')
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])
WARM_UP, EPOCHS = 2, 5
ITERATIONS = 10  # in an epoch


class Clips:
    """What the records need of a data set."""

    modalities = NAMES
    metainfo = {'classes': CLASSES}  # noqa: RUF012
    data_prefix = {'clip': ''}  # noqa: RUF012
    row = MultimodalDataset.row
    row_blocks = MultimodalDataset.row_blocks

    def __len__(self):
        return len(LABELS)

    def get_data_info(self, index):
        return {'clip': f'<i>{index}.mp4', 'label': LABELS[index]}


def accuracy(epoch, seed=0):
    """Of the validation: audio far ahead of video."""
    return {
        'fusion': 0.5 + 0.05 * epoch + 0.02 * seed,
        'video': 0.1 * epoch / EPOCHS + 0.2,
        'audio': 0.6,
    }


def assignments(epoch):
    """Sample 0 alternates, 1 to 5 stay with video, 6 and 7 with audio."""
    return np.array([epoch % 2, 0, 0, 0, 0, 0, 1, 1])


def scores(epoch):
    """Whoever has the sample is lower by as much as its number."""
    table = np.ones((len(LABELS), 2))
    for i, k in enumerate(assignments(epoch).tolist()):
        table[i, k] -= 0.1 * (i + 1)
    return table


def write_scalars(folder: Path, rows, resume=False):
    """One part of a run."""
    folder = folder / 'vis_data'
    folder.mkdir(parents=True)
    text = ''.join(json.dumps(row) + '\n' for row in rows)
    (folder / 'scalars.json').write_text(text)
    (folder / 'config.py').write_text(f'resume = {resume}\n')
    return folder


def training(epoch, **values):
    """What mmengine logs at the end of a training epoch."""
    step = epoch * ITERATIONS
    return {'loss': 1.0, **values, 'epoch': epoch, 'iter': step, 'step': step}


def make_run(
    root: Path,
    *,
    seed=0,
    remix=True,
    records=True,
    fingerprint='',
    versions='    Python: <3>',
    steps=None,
    **config,
):
    """Write a work directory and return it.

    ``steps(epoch)`` gives what is logged in an epoch before its end.
    """
    rows = []
    for epoch in range(1, EPOCHS + 1):
        if remix and epoch > WARM_UP:
            rows.append(remix_scalars(epoch))
        rows += steps(epoch) if steps else []
        rows.append(training(epoch))
        tested = accuracy(epoch, seed)
        rows.append(
            {f'acc/{n}_top1': v for n, v in tested.items()} | {'step': epoch}
        )
    folder = write_scalars(root / '20260101_000000', rows)
    name = 'remix_made' if remix else 'joint_made'
    cfg = Config(
        {
            'model': {'num_classes': len(CLASSES), 'name': name},
            'randomness': {'seed': seed},
            'work_dir': str(root),
            'resume': False,
            'train_dataloader': {
                'dataset': {
                    'type': 'AVDataset',
                    'data_root': 'not there',
                    'ann_file': 'train.csv',
                }
            },
            **config,
        }
    )
    cfg.dump(folder / 'config.py')
    shutil.copy(folder / 'config.py', root / f'{name}.py')
    (folder.parent / 'x.log').write_text(
        f'{"-" * 60}\nSystem environment:\n{versions}\n{"-" * 60}\n'
    )
    if records:
        matrix = np.array([[2, 1, 0], [0, 3, 0], [1, 1, 1]])
        save_confusion(
            root / 'val_confusion.npz',
            dict.fromkeys(('fusion', *NAMES), matrix),
            CLASSES,
            EPOCHS,
        )
    if remix and records:
        write_records(root, fingerprint=fingerprint)
    return root


def remix_scalars(epoch):
    """What Remix logs."""
    counts = np.bincount(assignments(epoch), minlength=2).tolist()
    row = {f'remix/count_{n}': c for n, c in zip(NAMES, counts, strict=True)}
    row |= {f'remix/share_{n}': row[f'remix/count_{n}'] / 8 for n in NAMES}
    row |= {'remix/rho_video': 1 / epoch, 'remix/rho_audio': float(epoch)}
    return row | {'remix/flips': 1, 'step': epoch}


def write_records(root, dataset=None, fingerprint=''):
    """Records of made-up scores."""
    file = RecordFile(root / 'remix_records.npy')
    for epoch in range(WARM_UP + 1, EPOCHS + 1):
        record = epoch_record(
            epoch=epoch,
            modalities=NAMES,
            scores=scores(epoch),
            assignments=assignments(epoch),
            fingerprint=fingerprint,
            accuracy=accuracy(epoch),
            true_probability={},
            flips=1,
            seconds=2.0,
            labels=LABELS,
            num_classes=len(CLASSES),
        )
        file.append(dataset or Clips(), record)
