"""Where the channels of an encoder's output are."""

from __future__ import annotations

from torch import Tensor

from mmremix.utils.errors import ConfigError

LAYOUTS = (None, 'channels_first', 'channels_last')


def channels_first(
    features: object, channels: int, layout: str | None, encoder: str
) -> Tensor:
    """Put the channels of a backbone's output into dimension 1.

    Args:
        features: ``(N, C)``, ``(N, C, ...)`` or ``(N, ..., C)``.
        channels: C.
        layout: Of more than two dimensions; ``None`` finds it by the sizes.
        encoder: Name of the backbone, for errors.

    Raises:
        ConfigError: If it is no tensor, or has C where it cannot be, or if
            ``(N, C, C)`` may be either.
    """
    if not isinstance(features, Tensor) or features.dim() < 2:
        raise ConfigError(
            f'{encoder} gives {_shown(features)}, where features (N, C), '
            '(N, C, ...) or (N, ..., C) are expected, or a tuple whose last '
            'element is that. Models of transformers are written '
            "type='transformers.AutoModel'."
        )
    first, last = features.shape[1], features.shape[-1]
    if features.dim() > 2:
        if layout is None and features.dim() == 3 and first == last:
            raise ConfigError(
                f'{encoder} gives {_shown(features)}: is that (N, C, T) or '
                "(N, T, C)? Write: dict(type='ModalityEncoder', "
                "layout='channels_first' (or 'channels_last'), "
                'backbone=dict(...))'
            )
        if layout == 'channels_last' or (layout is None and first != channels):
            features, first = features.movedim(-1, 1), last
    if first != channels:
        raise ConfigError(
            f'{encoder} gives features of {_shown(features)}, of which no '
            f'dimension of channels is {channels}, its out_channels. Write: '
            "dict(type='ModalityEncoder', out_channels="
            f'{last}, backbone=dict(...))'
        )
    return features


def _shown(features: object) -> str:
    if isinstance(features, Tensor):
        return f'shape {tuple(features.shape)}'
    return f'a {type(features).__name__}'
