from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets.transforms import CropBox


def test_cuts_the_region_out_of_every_frame():
    frame = np.arange(8 * 10 * 3).reshape(8, 10, 3)
    results = {'imgs': [frame, frame + 1], 'img_shape': (8, 10)}
    results = CropBox((0.2, 0.5, 0.7, 1.0))(results)
    assert results['img_shape'] == (4, 5)
    np.testing.assert_array_equal(results['imgs'][0], frame[4:, 2:7])
    np.testing.assert_array_equal(results['imgs'][1], frame[4:, 2:7] + 1)


@pytest.mark.parametrize(
    'box', [(0.5, 0, 0.5, 1), (0, 0, 1.5, 1), (-0.1, 0, 1, 1), (0, 1, 1, 0)]
)
def test_no_region(box):
    with pytest.raises(ValueError, match='fractions of the picture'):
        CropBox(box)
