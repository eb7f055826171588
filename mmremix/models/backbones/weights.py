"""Pre-trained weights from a file, all of them or an error."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from mmremix.utils.errors import ConfigError

STEMS = ('average',)
_HOLDERS = ('state_dict', 'model', 'module')
_LISTED = 4


def checkpoint_of(
    pretrained: str | None, init_cfg: Mapping[str, Any] | None
) -> tuple[str | None, str]:
    """File and prefix that an encoder's arguments name.

    Args:
        pretrained: A file, or ``None``.
        init_cfg: mmengine's way to write it, ``dict(type='Pretrained',
            checkpoint=..., prefix=...)``.

    Raises:
        ConfigError: If both are given, or another initialisation.
    """
    if pretrained is not None and not isinstance(pretrained, str):
        raise ConfigError(
            f'pretrained={pretrained!r}: nothing is downloaded. Write the '
            "file (or, for transformers, the folder): pretrained='FILE'"
        )
    if init_cfg is None:
        return pretrained, ''
    cfg = dict(init_cfg)
    kind, file = cfg.pop('type', None), cfg.pop('checkpoint', None)
    prefix = cfg.pop('prefix', None) or ''
    cfg.pop('map_location', None)  # weights are copied to where the model is
    if kind != 'Pretrained' or not file or cfg or pretrained:
        raise ConfigError(
            f'init_cfg={dict(init_cfg)}, pretrained={pretrained!r}: an '
            'encoder takes its weights from one file. Write one of:\n'
            "    init_cfg=dict(type='Pretrained', checkpoint='FILE')\n"
            "    pretrained='FILE'"
        )
    return str(file), str(prefix)


def read_weights(file: str, prefix: str = '') -> dict[str, Tensor]:
    """Read the tensors of a file, running no code of it.

    Args:
        file: ``.pth`` and the like, as ``torch.save`` wrote it, or
            ``.safetensors``. A dict of tensors, or one that holds it as
            ``state_dict`` or ``model``.
        prefix: Only the names that begin with it, which lose it:
            ``'encoders.video.backbone.'`` of a checkpoint of a run.

    Raises:
        ConfigError: If it holds no tensors, or none with that prefix.
    """
    if file.endswith('.safetensors'):
        loaded: Any = _read_safetensors(file)
    else:
        loaded = CheckpointLoader.load_checkpoint(file, 'cpu')
    for key in _HOLDERS:
        if isinstance(loaded, Mapping) and isinstance(
            loaded.get(key), Mapping
        ):
            loaded = loaded[key]
            break
    found = {
        str(key).removeprefix('module.'): value
        for key, value in (
            loaded.items() if isinstance(loaded, Mapping) else ()
        )
        if isinstance(value, Tensor)
    }
    if not found:
        raise ConfigError(
            f'{file} holds no weights: a dict from names to tensors is '
            f'expected, it is a {type(loaded).__name__}.'
        )
    dot = prefix if not prefix or prefix.endswith('.') else f'{prefix}.'
    chosen = {k[len(dot) :]: v for k, v in found.items() if k.startswith(dot)}
    if not chosen:
        tops = sorted({'.'.join(key.split('.')[:3]) for key in found})
        raise ConfigError(
            f'{file} has no weight whose name begins with {dot!r}. Names '
            f'begin with {", ".join(tops[:_LISTED])}, ... Write one of these '
            'as prefix=..., or leave it out.'
        )
    return chosen


def _read_safetensors(file: str) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise ImportError(
            f'{file}: reading it needs safetensors: pip install safetensors'
        ) from error
    if not Path(file).is_file():
        raise ConfigError(f'There is no checkpoint {file}.')
    tensors: dict[str, Tensor] = load_file(file)
    return tensors


def plain_names(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers under the names they have without LoRA."""
    return {
        key.replace('.base_layer.', '.'): value
        for key, value in module.state_dict(keep_vars=True).items()
        if '.lora_' not in key
    }


@torch.no_grad()
def assign_weights(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    source: str,
    *,
    rename: Callable[[str], str] | None = None,
    leave_out: Sequence[str] = (),
    stem: str | None = None,
) -> None:
    """Copy weights into a module; every one of it must be among them.

    Args:
        module: Gets them.
        weights: Of a file.
        source: Its name, for errors.
        rename: From a name in the file to that in the module.
        leave_out: Regular expressions of names in the file that the module
            has no use for: those of the classifier.
        stem: What to do if the first convolution has another number of input
            channels than the file's: ``None`` is an error; ``'average'``
            takes the mean over the file's channels for every channel, scaled
            by their ratio, ``w_c = C_file / C * mean(w)``, so that equal
            channels give what they gave.

    Raises:
        ConfigError: If a weight of the module is missing or of another
            shape, or if the file has others; nothing is copied then.
    """
    wanted = plain_names(module)
    given = {
        (rename(key) if rename else key): value
        for key, value in weights.items()
        if not any(re.match(pattern, key) for pattern in leave_out)
    }
    first = _first_convolution(module)
    if first in wanted and first in given:
        given[first] = _fit_stem(
            given[first], wanted[first], first, source, stem
        )
    # torch adds this counter to batch norms, old files lack it.
    counter = '.num_batches_tracked'
    missing = [k for k in wanted if k not in given and counter not in f'.{k}']
    problems = [f'{key} is missing' for key in missing]
    problems += [f'{key} is unknown' for key in given if key not in wanted]
    problems += [
        f'{key} is {tuple(given[key].shape)}, not {tuple(value.shape)}'
        for key, value in wanted.items()
        if key in given and given[key].shape != value.shape
    ]
    if problems:
        more = len(problems) - _LISTED
        count = len(wanted) - len(missing)
        there = f'{count} of its {len(wanted)} weights are'
        if not wanted.keys() & given.keys():
            there = f'none of its {len(wanted)} weights is'
        raise ConfigError(
            f'{source} does not fit {type(module).__name__} ({there} '
            'there):\n  '
            + '\n  '.join(problems[:_LISTED])
            + (f'\n  ... and {more} more' if more > 0 else '')
            + '\nName the model (and its width, depth and classes) that the '
            'file was made with. Weights of a part of another model need a '
            "prefix: init_cfg=dict(type='Pretrained', checkpoint='FILE', "
            "prefix='encoders.video.backbone.')"
        )
    for key, value in given.items():
        wanted[key].copy_(value)


def _first_convolution(module: nn.Module) -> str:
    """Name of the weight of the first convolution."""
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            plain = name.replace('.base_layer', '')
            return f'{plain}.weight'
    return ''


def _fit_stem(
    given: Tensor, wanted: Tensor, key: str, source: str, stem: str | None
) -> Tensor:
    there, here = given.shape[1], wanted.shape[1]
    same = (given.shape[0], *given.shape[2:]) == (
        wanted.shape[0],
        *wanted.shape[2:],
    )
    if there == here or not same:
        return given
    if stem is None:
        raise ConfigError(
            f'{source}: its first convolution ({key}) takes {there} '
            f'channels, that of the encoder {here}. Write '
            f"in_channels={there}, or stem='average' to average the file's "
            f'{there} channels and use them for each of the {here}.'
        )
    return given.mean(1, keepdim=True).expand_as(wanted) * (there / here)


def check_stem(stem: str | None) -> None:
    """Refuse an unknown way to fit the first convolution."""
    if stem is not None and stem not in STEMS:
        raise ConfigError(
            f'stem must be None or one of {STEMS}, got {stem!r}. Write: '
            "stem='average'"
        )


@contextmanager
def weights_taken(backbone: nn.Module) -> Iterator[None]:
    """Look whether an initialisation changes what it should.

    mmengine and mmaction2 take of a file what fits, and only log the rest.

    Args:
        backbone: One that may name a file, as ``init_cfg`` or
            ``pretrained``.

    Raises:
        ConfigError: If it names one and no parameter changes.

    Warns:
        In the log, for parameters that stay as they were.
    """
    file = _named_file(backbone)
    parameters = dict(backbone.named_parameters()) if file else {}
    before = {key: p.detach().clone() for key, p in parameters.items()}
    yield
    same = [
        key for key, p in parameters.items() if torch.equal(p, before[key])
    ]
    if not same:
        return
    text = (
        f'{file}: {len(same)} of {len(parameters)} parameters of '
        f'{type(backbone).__name__} were not taken from it, '
        f'{", ".join(same[:_LISTED])}{", ..." if len(same) > _LISTED else ""}.'
    )
    if len(same) == len(parameters):
        raise ConfigError(
            f'{text} Training would start at random. Name the file of this '
            "model, a prefix (init_cfg=dict(type='Pretrained', "
            "checkpoint='FILE', prefix='backbone.')), or leave it out."
        )
    print_log(text, 'current', level=logging.WARNING)


def _named_file(backbone: nn.Module) -> str:
    if hasattr(backbone, 'load_weights'):
        return ''  # of ours, which take all or nothing
    cfg = getattr(backbone, 'init_cfg', None)
    for each in cfg if isinstance(cfg, list | tuple) else (cfg,):
        if isinstance(each, Mapping) and each.get('type') == 'Pretrained':
            return str(each.get('checkpoint'))
    named = getattr(backbone, 'pretrained', None)
    return named if isinstance(named, str) else ''
