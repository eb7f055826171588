"""A visualizer that makes no figure until something is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.visualization import Visualizer as BaseVisualizer

from mmremix.registry import VISUALIZERS


@VISUALIZERS.register_module()
class Visualizer(BaseVisualizer):
    """mmengine's ``Visualizer``, which is there sooner.

    mmengine makes a figure of matplotlib as soon as a run starts, though
    training draws nothing. Here it is made when it is first asked for; all
    else is the same. ``type='Visualizer'`` in a config means this one.

    Args:
        name: See mmengine's ``Visualizer``.
        image: See mmengine's ``Visualizer``.
        kwargs: Other arguments of mmengine's ``Visualizer``.
    """

    # get_current_instance() of mmengine's finds it too.
    _instance_dict = BaseVisualizer._instance_dict

    def __init__(
        self,
        name: str = 'visualizer',
        image: np.ndarray | None = None,
        **kwargs: Any,
    ) -> None:
        self._figure: tuple[Any, Any, Any] | None = None
        self._starting = True
        super().__init__(name, **kwargs)
        self._starting = False
        if image is not None:
            self.set_image(image)

    def _initialize_fig(self, fig_cfg: dict[str, Any]) -> tuple[Any, Any, Any]:
        if self._starting:
            return None, None, None
        figure: tuple[Any, Any, Any] = super()._initialize_fig(fig_cfg)
        return figure

    def _part(self, number: int) -> Any:
        if self._starting:
            return _NoFigure()
        if self._figure is None:
            self._figure = self._initialize_fig(self.fig_save_cfg)
        return self._figure[number]

    def _set(self, value: Any) -> None:
        """Of mmengine's constructor, before there is a figure."""

    fig_save_canvas = property(lambda self: self._part(0), _set)
    fig_save = property(lambda self: self._part(1), _set)
    ax_save = property(lambda self: self._part(2), _set)
    dpi = property(lambda self: self.fig_save.get_dpi(), _set)


class _NoFigure:
    def get_dpi(self) -> float:
        return 0.0
