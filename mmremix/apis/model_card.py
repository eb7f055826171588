"""A model card: what an exported model is, in Markdown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any

from mmengine.config import Config
from mmengine.model import BaseModel

from mmremix.apis.card_figures import figures, markdown_table
from mmremix.registry import DATASETS
from mmremix.report.differences import flat_settings
from mmremix.utils.whole_files import write_whole
from mmremix.version import __version__

_SPLITS = {'train': 'training', 'val': 'validation', 'test': 'test'}
_PACKAGES = ('torch', 'mmengine', 'mmaction2', 'mmcv-lite')
_FORMATS = {'.pt2': '`torch.export`', '.onnx': 'ONNX'}


def write_card(
    target: str | Path,
    cfg: Config,
    checkpoint: str,
    model: BaseModel,
    meta: Mapping[str, Any],
    info: Mapping[str, Any],
) -> Path:
    """Write the card of an exported model beside it, ``<name>_card.md``.

    It names no place of this machine: of paths, the last part.

    Args:
        target: The exported file.
        cfg: Config.
        checkpoint: Its checkpoint, in the work directory of its training.
        model: The model.
        meta: The checkpoint's ``meta``.
        info: What the file says of itself, see
            :class:`~mmremix.apis.export.ExportReport`.

    Returns:
        The card.
    """
    target = Path(target)
    parts = [
        f'# Model card: {target.name}',
        _about(target, cfg, checkpoint, model, meta),
        '## Data',
        _data(cfg),
        f'## Classes\n\n{len(info["classes"])}: '
        + ', '.join(map(_code, info['classes']))
        + '.',
        '## Inputs and outputs',
        markdown_table(
            ['modality', 'type', 'shape'],
            [
                [name, facts['dtype'], _code(' x '.join(_words(facts)))]
                for name, facts in info['inputs'].items()
            ],
        ),
        f'Outputs, probabilities of the classes: '
        f'{", ".join(map(_code, info["outputs"]))}.',
        '## Figures',
        *figures(cfg, checkpoint, meta),
        '## Limits',
        *_limits(info, checkpoint),
    ]
    card = target.with_name(f'{target.stem}_card.md')
    write_whole(card, ('\n\n'.join(parts) + '\n').encode())
    return card


def config_hash(cfg: Mapping[str, Any]) -> str:
    """SHA-256 of a config's settings, but for seed, places and launching.

    Args:
        cfg: As it is run, with its methods applied.
    """
    settings = flat_settings(dict(cfg))
    text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _about(
    target: Path,
    cfg: Config,
    checkpoint: str,
    model: BaseModel,
    meta: Mapping[str, Any],
) -> str:
    versions = [f'mmremix {__version__}', *map(_version, _PACKAGES)]
    count = sum(p.numel() for p in model.parameters())
    encoders = (cfg.get('model') or {}).get('encoders') or {}
    rows = [
        ['format', _FORMATS.get(target.suffix, target.suffix)],
        ['model', f'{type(model).__name__}, {count:,} parameters'],
        [
            'encoders',
            ', '.join(f'{n}: {_kind(e)}' for n, e in encoders.items() if e),
        ],
        ['fusion', _kind((cfg.get('model') or {}).get('fusion'))],
        ['methods', ', '.join(cfg.get('methods') or ()) or 'none'],
        [
            'config',
            f'`{_last(cfg.filename)}`' if cfg.filename else 'not named',
        ],
        ['config hash', f'`{config_hash(cfg)}` (SHA-256)'],
        ['seed', str((cfg.get('randomness') or {}).get('seed', 'not set'))],
        ['checkpoint', f'`{_last(checkpoint)}`'],
        ['epoch', str(meta.get('epoch', 'not known'))],
        ['exported with', ', '.join(filter(None, versions))],
    ]
    return markdown_table(['', ''], rows)


def _data(cfg: Mapping[str, Any]) -> str:
    rows = []
    for key, split in _SPLITS.items():
        dataset = (cfg.get(f'{key}_dataloader') or {}).get('dataset')
        if dataset:
            rows.append([split, *_dataset(dataset)])
    header = ['split', 'data set', 'name', 'annotation', 'samples']
    return markdown_table([*header, 'fingerprint'], rows)


def _dataset(cfg: Mapping[str, Any]) -> list[str]:
    root = str(cfg.get('data_root') or '')
    annotation = str(cfg.get('ann_file') or '')
    name = root or str(PurePath(annotation).parent)
    said = [_kind(cfg), _last(name) or '-', _last(annotation) or '-']
    try:
        built = DATASETS.build({**cfg, 'test_mode': True})
        size = f'{len(built):,}'
        mark = built.fingerprint() if hasattr(built, 'fingerprint') else ''
    except Exception:
        # Whatever it is, the model is exported: the data need not be here.
        return [*said, 'not read', 'not read']
    return [*said, size, f'`{mark}`' if mark else '-']


def _limits(info: Mapping[str, Any], checkpoint: str) -> Iterator[str]:
    lines = [
        'Every input is one of the classes to it: it knows no other, and does '
        'not say that it has seen none of them.',
        'Takes all modalities, of the sizes above, prepared as the test '
        'pipeline of the config does; `tools/infer.py` also takes samples '
        'that lack one.',
        'Probabilities are those of the softmax, not calibrated.',
        'The figures hold for data like those they were measured on.',
    ]
    if info.get('readout'):
        weights = ', '.join(f'{n} {w:.3g}' for n, w in info['readout'].items())
        lines.append(
            f'Answers by a read-out that was chosen on held-out samples: '
            f'{weights}. What it leaves out is not in the file.'
        )
    if _last(checkpoint).startswith('best_'):
        lines.append(
            'The checkpoint was chosen by its accuracy on the validation '
            'set, which is therefore too high on that set.'
        )
    yield '\n'.join(f'- {line}' for line in lines)


def _code(words: str) -> str:
    return f'`{words}`' if '`' not in words else words


def _words(facts: Mapping[str, Any]) -> list[str]:
    return [str(size) for size in facts['shape']]


def _kind(cfg: Any) -> str:
    kind = (cfg or {}).get('type', '-')
    return kind if isinstance(kind, str) else str(kind.__name__)


def _last(path: str) -> str:
    """The last part of a path of any system."""
    return PurePath(str(path).replace('\\', '/')).name


def _version(package: str) -> str:
    try:
        return f'{package} {version(package)}'
    except PackageNotFoundError:
        return ''
