"""A figure is made when something is drawn, not before."""

from __future__ import annotations

import numpy as np
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer as BaseVisualizer

from mmremix.engine import Visualizer
from mmremix.registry import VISUALIZERS


def test_no_figure_before_it_is_asked_for(tmp_path):
    with DefaultScope.overwrite_default_scope('mmremix'):
        visualizer = VISUALIZERS.build(
            {
                'type': 'Visualizer',
                'name': 'lazy_figure',
                'vis_backends': [{'type': 'LocalVisBackend'}],
                'save_dir': str(tmp_path),
            }
        )
    assert type(visualizer) is Visualizer
    assert visualizer._figure is None
    visualizer.add_scalar('a', 1.0)
    assert visualizer._figure is None
    found = BaseVisualizer.get_instance('lazy_figure')
    assert found is visualizer
    picture = np.zeros((20, 30, 3), dtype=np.uint8)
    visualizer.set_image(picture)
    visualizer.draw_circles(np.array([10.0, 10.0]), np.array([4.0]))
    drawn = visualizer.get_image()
    assert drawn.shape == (20, 30, 3) and drawn.any()
    other = BaseVisualizer('plain_figure')
    assert visualizer.dpi == other.dpi
