"""Fold batch norms into the convolutions before them."""

from __future__ import annotations

from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(module: nn.Module) -> None:
    """Fold, in place, every batch norm that follows a convolution alone.

    With running statistics a batch norm is a scale and a shift, which the
    convolution can do by itself. The batch norm becomes an identity, so the
    names of the parts stay.

    Args:
        module: In eval mode. It is traced with :mod:`torch.fx`.

    Raises:
        ValueError: If the module cannot be traced.
    """
    try:
        nodes = fx.Tracer().trace(module).nodes
    except Exception as error:
        raise ValueError(
            f'{type(module).__name__} cannot be traced to fold its batch '
            f'norms ({error}). Write: scoring=dict(fold_bn=False)'
        ) from error
    parts = dict(module.named_modules())
    calls = [str(node.target) for node in nodes if node.op == 'call_module']
    for node in nodes:
        if node.op != 'call_module' or not node.all_input_nodes:
            continue
        before = node.all_input_nodes[0]
        name, conv_name = str(node.target), str(before.target)
        if before.op != 'call_module' or len(before.users) != 1:
            continue
        # A part that is called twice would be changed for both.
        if calls.count(name) > 1 or calls.count(conv_name) > 1:
            continue
        norm, conv = parts[name], parts[conv_name]
        if not isinstance(norm, _BatchNorm) or not isinstance(conv, _ConvNd):
            continue
        if conv.transposed or norm.running_mean is None:
            continue
        _replace(parts, conv_name, fuse_conv_bn_eval(conv, norm))
        _replace(parts, name, nn.Identity())


def _replace(parts: dict[str, nn.Module], name: str, new: nn.Module) -> None:
    owner, _, child = name.rpartition('.')
    setattr(parts[owner], child, new)
    parts[name] = new
