"""What a checkpoint was trained with: its model and evaluation pipeline.

Names and shapes of weights are the same for models that fuse in another way,
or that were fed otherwise; so each checkpoint says it in words.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmremix.registry import MODELS, TRANSFORMS, Registry

RECIPE = 'recipe'
"""Key in a checkpoint's ``meta``."""

_VERSION = 1
_MODEL, _PIPELINE = 'model', 'test pipeline'
# What says how to train, or how to compute, and changes no prediction.
_NOT_OF_A_PREDICTION = {
    *('loss', 'loss_weights', 'methods', 'init_cfg', 'pretrained'),
    *('compile', 'channels_last', 'train_cfg', 'test_cfg'),
    *('with_cp', 'norm_eval', 'frozen_stages', 'frozen', 'stem'),
    # Chosen after training, on purpose.
    'readout',
}
_LISTED = 8


def describe_recipe(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what decides a prediction, besides the weights.

    Args:
        cfg: Config of a run.

    Returns:
        Plain strings and dicts: ``version``, ``config`` (name of the file)
        and, by their place, the settings of ``model`` and of
        ``test pipeline``, also those left at their defaults.
    """
    file = getattr(cfg, 'filename', None)
    return {
        'version': _VERSION,
        'config': Path(file).name if file else '',
        **{part: found for part, (found, _) in _settings(cfg).items()},
    }


def recipe_differences(
    stored: Mapping[str, Any], cfg: Mapping[str, Any]
) -> list[str]:
    """Where a config differs from that of a checkpoint, in words.

    Args:
        stored: Of :func:`describe_recipe`.
        cfg: The config that the weights are to be used with.

    Returns:
        A line each; none if the predictions are those of the training.
    """
    found = []
    for part, (here, defaults) in _settings(cfg).items():
        there = stored.get(part)
        if not here or not isinstance(there, Mapping) or not there:
            continue  # a config without it, or an unknown version
        found += [
            f'{part}, {_shown(place)}: '
            f'{here.get(place, "not there")}, trained with '
            f'{there.get(place, "none such")}'
            for place in dict.fromkeys((*here, *there))
            if _differs(place, here, there, defaults)
        ]
    return found


def listed(lines: Sequence[str]) -> str:
    """The first lines, indented, and how many more there are."""
    more = len(lines) - _LISTED
    return '\n  ' + '\n  '.join(
        [*lines[:_LISTED], *([f'... and {more} more'] if more > 0 else [])]
    )


def recipe_warning(
    checkpoint: str, stored: Mapping[str, Any], cfg: Mapping[str, Any]
) -> str:
    """What to say of a config that is not the checkpoint's; or nothing."""
    lines = recipe_differences(stored, cfg)
    if not lines:
        return ''
    name = stored.get('config')
    return (
        f'{checkpoint} was trained with another config'
        f'{f" ({name})" if name else ""}: its weights fit, but the '
        f'predictions are not those of its training. It differs in:'
        f'{listed(lines)}\nTake the config that it was trained with; a copy '
        'lies in its work directory.'
    )


def _shown(place: str) -> str:
    # Of ForModality: its modality says enough.
    return place.replace('.transforms', '')


def _differs(
    place: str,
    here: Mapping[str, str],
    there: Mapping[str, str],
    defaults: set[str],
) -> bool:
    mine, theirs = here.get(place), there.get(place)
    if mine == theirs:
        return False
    if theirs is None and place in defaults:
        return False  # an argument that came with a later release
    above = place
    while '.' in above:
        above = above.rpartition('.')[0]
        a, b = here.get(above), there.get(above)
        # That another class has other arguments is said already.
        kept = None not in (mine, theirs) and str(a).startswith('[')
        if a != b and not kept:
            return False
    return True


def _settings(
    cfg: Mapping[str, Any],
) -> dict[str, tuple[dict[str, str], set[str]]]:
    """Settings by place, and the places left at their defaults."""
    result = {}
    tested = _evaluation(cfg)
    for part, value, registry in (
        (_MODEL, cfg.get('model'), MODELS),
        (_PIPELINE, tested.get('pipeline'), TRANSFORMS),
    ):
        settings: dict[str, str] = {}
        defaults: set[str] = set()
        if value:
            _flatten(value, '', registry, settings, defaults)
        result[part] = (settings, defaults)
    if result[_PIPELINE][0]:
        result[_PIPELINE][0]['margin'] = _text(tested.get('margin', 0))
    return result


def _evaluation(cfg: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data set that the model is tested on, or else validated."""
    for name in ('test_dataloader', 'val_dataloader'):
        dataset: Mapping[str, Any] = (cfg.get(name) or {}).get('dataset') or {}
        if dataset.get('pipeline'):
            return dataset
    return {}


def _flatten(
    value: Any,
    place: str,
    registry: Registry,
    settings: dict[str, str],
    defaults: set[str],
) -> None:
    def go_on(key: Any, inner: Any) -> str:
        inside = f'{place}.{key}' if place else str(key)
        _flatten(inner, inside, registry, settings, defaults)
        return inside

    if isinstance(value, Mapping):
        if 'type' in value:
            settings[place or 'type'] = _name(value['type'])
            for key, default in _defaults(value['type'], registry).items():
                if key not in value and key not in _NOT_OF_A_PREDICTION:
                    defaults.add(go_on(key, default))
        for key, inner in value.items():
            if key == 'type' or key in _NOT_OF_A_PREDICTION:
                continue
            # An encoder that is None is not there.
            if inner is not None or 'type' in value:
                go_on(key, inner)
    elif isinstance(value, (list, tuple)):
        if not any(isinstance(item, Mapping) for item in value):
            items = ', '.join(map(_text, value))
            settings[place or 'list'] = f'[{items}]'
            return
        names = _distinct([_title(item) for item in value])
        settings[place or 'transforms'] = f'[{", ".join(names)}]'
        for name, item in zip(names, value, strict=True):
            go_on(name, item)
    else:
        settings[place] = _text(value)


def _text(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)


def _title(item: Any) -> str:
    """How a transform of a list is called: by its modality, if it has one."""
    if not isinstance(item, Mapping):
        return _name(item)
    return str(item.get('modality') or _name(item.get('type')))


def _distinct(names: Sequence[str]) -> list[str]:
    return [
        f'{name} ({names[:i].count(name) + 1})' if name in names[:i] else name
        for i, name in enumerate(names)
    ]


def _name(kind: Any) -> str:
    """Without a scope or module, which may be written or not."""
    text = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    return (text or type(kind).__name__).rpartition('.')[2]


def _defaults(kind: Any, registry: Registry) -> dict[str, Any]:
    """Plain default arguments of a registered class."""
    try:
        cls = registry.get(kind) if isinstance(kind, str) else kind
        parameters = inspect.signature(cls).parameters.values()
    except (ImportError, RuntimeError, TypeError, ValueError):
        return {}
    plain = (bool, int, float, str, tuple, list, type(None))
    return {
        p.name: p.default
        for p in parameters
        if p.default is not p.empty and isinstance(p.default, plain)
    }
