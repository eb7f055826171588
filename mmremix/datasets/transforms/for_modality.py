"""Run transforms only for samples that keep a modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmremix.datasets.bases import BaseTransform, Compose
from mmremix.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ForModality(BaseTransform):
    """A sub-pipeline that only runs if its modality is wanted.

    A sample whose ``loaded_modalities`` lack the modality passes through
    untouched: its file is not opened. Each sub-pipeline works on a copy of
    the sample's keys, so those of two modalities cannot collide; only
    ``output`` comes back.

    Required keys: ``loaded_modalities`` and what the transforms need.

    Added keys: ``inputs[modality]``.

    Example::

        dict(
            type='ForModality',
            modality='audio',
            output='spectrogram',
            transforms=[
                dict(type='DecodeAudio', sample_rate=22050, duration=3.0),
                dict(type='LogSTFT')])

    Args:
        modality: Name of the modality, as in the data set's ``modalities``.
        transforms: Configs of the sub-pipeline.
        output: Key of the sub-pipeline's result that is the model's input.
        input: Key under which the transforms find the row of the modality of
            an :class:`ArrayDataset`, such as ``'waveform'``. Default: the
            modality's name.

    Raises:
        KeyError: While running, if the sub-pipeline leaves no ``output``, or
            the sample has no row of the modality for ``input``.
    """

    def __init__(
        self,
        modality: str,
        transforms: Sequence[dict[str, Any]],
        output: str,
        input: str | None = None,
    ) -> None:
        self.modality = modality
        self.output = output
        self.input = input
        self.transforms = Compose(
            [
                TRANSFORMS.build(t) if isinstance(t, dict) else t
                for t in transforms
            ]
        )

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        if self.modality not in results['loaded_modalities']:
            return results
        own = dict(results)
        if self.input is not None:
            if self.modality not in own:
                raise KeyError(
                    f"ForModality(input='{self.input}'): the sample has no "
                    f"row '{self.modality}'; it has {sorted(own)}. input= "
                    'is for ArrayDataset: leave it out.'
                )
            own[self.input] = own[self.modality]
        local = self.transforms(own)
        if local is None:
            return None
        if self.output not in local:
            raise KeyError(
                f"ForModality(modality='{self.modality}'): the transforms "
                f"left no key '{self.output}'; they left {sorted(local)}. "
                'Set output= to the key that holds the input.'
            )
        inputs = {
            **results.get('inputs', {}),
            self.modality: local[self.output],
        }
        return {**results, 'inputs': inputs}

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(modality='{self.modality}', "
            f"output='{self.output}', transforms={self.transforms})"
        )
