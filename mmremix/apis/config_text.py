"""A config as text, with its keys in their order."""

from __future__ import annotations

import pprint

from mmengine.config import Config


def config_text(cfg: Config) -> str:
    """A config as a file.

    mmengine's own ``dump`` sorts the keys, and with them the modalities,
    whose order counts.
    """
    return ''.join(
        f'{key} = {pprint.pformat(value, sort_dicts=False)}\n'
        for key, value in cfg.to_dict().items()
    )


class OrderedTextConfig(Config):
    """A config whose text is that of :func:`config_text`.

    mmengine writes the text of a config into the log, into ``vis_data``, and
    into every checkpoint, sorted, and has yapf lay it out anew each time.
    """

    @property
    def pretty_text(self) -> str:
        """The text."""
        return config_text(self)


def with_ordered_text(cfg: Config) -> Config:
    """The same config, of the same values, as an :class:`OrderedTextConfig`.

    Args:
        cfg: Of any class.
    """
    made = OrderedTextConfig.__new__(OrderedTextConfig)
    made.__setstate__(cfg.__getstate__())
    return made
