"""Pack a sample for the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmremix.datasets.stand_ins import REPLACES
from mmremix.registry import TRANSFORMS
from mmremix.utils.padded import Padded

_NEEDED = ('sample_idx', 'active_modalities', 'loaded_modalities', REPLACES)


@TRANSFORMS.register_module()
class PackAVInputs(BaseTransform):
    """Pack the loaded modalities and the label, as the last transform.

    Required keys: ``inputs`` (from :class:`ForModality`),
    ``active_modalities``, ``loaded_modalities``, ``label`` (optional; a
    class index, or 0 and 1 of every class, float32 ``(M,)``), ``padded``
    (optional; modalities whose sequences keep their length).

    Result: ``inputs``, a dict from each loaded modality to a tensor (of those
    in ``padded``, a :class:`~mmremix.utils.padded.Padded`), and
    ``data_samples``, an ``ActionDataSample`` with ``gt_label`` and the meta
    keys that the sample has.

    Args:
        meta_keys: Keys to carry over as meta information, beside those that
            scoring and metrics need: index, active and loaded modalities
            and, if the sample stands in for a broken one, ``replaces``.

    Raises:
        ValueError: If the inputs are not those of the loaded modalities.
    """

    def __init__(self, meta_keys: Sequence[str] = ('clip',)) -> None:
        self.meta_keys = tuple(dict.fromkeys([*_NEEDED, *meta_keys]))

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        inputs = results.get('inputs', {})
        loaded = tuple(results['loaded_modalities'])
        if set(inputs) != set(loaded):
            missing = sorted(set(loaded) - set(inputs))
            raise ValueError(
                f'The sample wants {loaded}, but the pipeline made '
                f'{tuple(inputs)}. Write for each of {missing}:\n'
                "    dict(type='ForModality', modality=..., output=..., "
                'transforms=[...])'
            )
        data_sample = ActionDataSample()
        if 'label' in results:
            label = results['label']
            if isinstance(label, np.ndarray) and label.dtype.kind == 'f':
                # Of an array it would make class indices.
                label = torch.from_numpy(label)
            data_sample.set_gt_label(label)
        data_sample.set_metainfo(
            {key: results[key] for key in self.meta_keys if key in results}
        )
        # Data set order, so that batches of one active set are alike.
        packed = {name: _to_tensor(inputs[name]) for name in loaded}
        for name in results.get('padded', ()):
            value = packed.get(name)
            if isinstance(value, torch.Tensor):
                packed[name] = Padded.whole(value)
        return {'inputs': packed, 'data_samples': data_sample}


def _to_tensor(value: Any) -> torch.Tensor | Padded:
    if isinstance(value, torch.Tensor | Padded):
        return value
    value = np.ascontiguousarray(value)
    if not value.flags.writeable:
        value = value.copy()  # a row of a mapped file
    return torch.from_numpy(value)
