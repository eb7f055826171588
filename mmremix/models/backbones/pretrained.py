"""What encoders have in common that start from weights in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseModule

from mmremix.models.backbones.weights import (
    assign_weights,
    check_stem,
    checkpoint_of,
    read_weights,
)


class PretrainedBackbone(BaseModule):
    """A backbone that can take all of its weights from a file.

    They are read when a training starts (``init_weights``), not when the
    model is built: testing and exporting need a checkpoint of the run only.

    Args:
        pretrained: File with the weights, see
            ``mmremix/models/backbones/weights.py``. ``None`` starts at
            random.
        init_cfg: The same as mmengine writes it, ``dict(type='Pretrained',
            checkpoint='FILE', prefix='...')``.
        stem: How the first convolution takes weights of another number of
            input channels: not at all (an error), or ``'average'``.

    Raises:
        ConfigError: If both name a file, on another ``stem``, and, when the
            weights are read, unless all of them fit.
    """

    leave_out: tuple[str, ...] = ()
    """Names (regular expressions) in a file that the backbone lacks."""

    def __init__(
        self,
        pretrained: str | None = None,
        init_cfg: Mapping[str, Any] | None = None,
        stem: str | None = None,
    ) -> None:
        super().__init__()
        self._checkpoint, self._prefix = checkpoint_of(pretrained, init_cfg)
        check_stem(stem)
        self._stem = stem

    def init_weights(self) -> None:
        """Take the weights of the file, if there is one."""
        if self._checkpoint is None:
            return
        self.load_weights(self._checkpoint, self._prefix)
        print_log(
            f'{type(self).__name__}: all weights taken from '
            f'{self._checkpoint}.',
            'current',
        )
        self._is_init = True

    def load_weights(self, file: str, prefix: str = '') -> None:
        """Read a file and take its weights; all must be there."""
        assign_weights(
            self,
            read_weights(file, prefix),
            file,
            rename=self.rename,
            leave_out=self.leave_out,
            stem=self._stem,
        )

    def rename(self, key: str) -> str:
        """The name here of a weight in a file."""
        return key
