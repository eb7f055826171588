"""Parts of an encoder that do not train."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmremix.models.backbones.partition import partition
from mmremix.utils.errors import ConfigError

Frozen = bool | str | int


def freeze(backbone: nn.Module, frozen: Frozen) -> tuple[nn.Module, ...]:
    """Take the gradient from parameters, and say what must not train.

    Args:
        backbone: The whole of it.
        frozen: ``True`` for all of it, ``'stem'``, or how many of the stages
            behind the stem; see
            :func:`~mmremix.models.backbones.partition.partition`.

    Returns:
        The modules to keep in evaluation mode: their normalisation
        statistics stay, and they drop nothing.

    Raises:
        ConfigError: On another value, or more stages than there are.
    """
    if frozen is False:
        return ()
    if frozen is True:
        backbone.requires_grad_(False)
        return tuple(backbone.modules())
    parts = partition(backbone)
    last = 0 if frozen == 'stem' else frozen
    most = len(parts.stages)
    if not isinstance(last, int) or not 0 <= last <= most:
        raise ConfigError(
            f'frozen={frozen!r}: {type(backbone).__name__} has {most} stages '
            f'behind its stem ({", ".join(parts.stages[:4])}'
            f'{", ..." if most > 4 else ""}). Write one of: frozen=True, '
            f"frozen='stem', frozen=1 to frozen={most}"
        )
    chosen = {name for name, part in parts.names.items() if part <= last}
    for name, parameter in backbone.named_parameters():
        if name in chosen:
            parameter.requires_grad_(False)
    return tuple(
        module for name, module in backbone.named_modules() if name in chosen
    )


def normalisations(backbone: nn.Module) -> tuple[nn.Module, ...]:
    """Batch norms, whose statistics stay where adapters alone train."""
    return tuple(m for m in backbone.modules() if isinstance(m, _BatchNorm))
