"""Ways to load the same clips, for the loader benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset

from mmremix.datasets import MultimodalDataset, RemixIndex
from mmremix.datasets.remix_index import sample_seed
from mmremix.registry import TRANSFORMS

ACTIVE = {
    'joint': ('video', 'audio'),
    'audio': ('audio',),
    'video': ('video',),
}


class Samples(MultimodalDataset):
    """A data set of given samples."""

    def __init__(
        self, samples: Sequence[dict[str, Any]], pipeline: Any, test: bool
    ) -> None:
        self._samples = list(samples)
        super().__init__(pipeline=pipeline, test_mode=test)

    def load_data_list(self) -> list[dict[str, Any]]:
        return self._samples


class Frames(BaseDataset):
    """What mmaction2's ``VideoDataset`` gives its pipeline, and segments."""

    def __init__(
        self, samples: Sequence[dict[str, Any]], pipeline: Any
    ) -> None:
        self._samples = [
            {'start_index': 0, 'modality': 'RGB', 'filename': s['clip'], **s}
            for s in samples
        ]
        super().__init__(pipeline=pipeline)

    def load_data_list(self) -> list[dict[str, Any]]:
        return self._samples


class SegmentFrames:
    """Random frames of a segment, which ``SampleFrames`` does not know."""

    def __init__(self, num: int, fps: float) -> None:
        self.num = num
        self.fps = fps

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        start, end = results['start'], results['end']
        parts = np.arange(self.num) + np.random.random_sample(self.num)
        times = start + parts * ((end - start) / self.num)
        frames = (times * self.fps).astype(int)
        results['frame_inds'] = frames.clip(0, results['total_frames'] - 1)
        results.update(clip_len=1, num_clips=self.num)
        return results


class Way:
    """One way to load the samples: a data set, and the indices to ask for.

    Args:
        dataset: The data set.
        active: Modalities of the items; None asks by a plain index.
    """

    def __init__(
        self, dataset: BaseDataset, active: tuple[str, ...] | None
    ) -> None:
        self.dataset = dataset
        self.active = active

    def keys(self, round_: int) -> list[Any]:
        """Indices of a round, seeded as :class:`RemixSampler` does."""
        return [
            index
            if self.active is None
            else RemixIndex(index, self.active, sample_seed(0, round_, index))
            for index in range(len(self.dataset))
        ]

    def run(self, keys: Sequence[Any]) -> None:
        """Load every sample once."""
        for key in keys:
            self.dataset[key]


def own_ways(
    samples: Sequence[dict[str, Any]], train: Any, test: Any
) -> dict[str, Way]:
    """Joint, audio-only, video-only and scoring items."""
    dataset = Samples(samples, train, False)
    ways = {name: Way(dataset, active) for name, active in ACTIVE.items()}
    # Scoring reads all modalities through the evaluation transforms.
    ways['scoring'] = Way(Samples(samples, test, True), None)
    return ways


def mmaction_way(
    samples: Sequence[dict[str, Any]], train: Any, reader: str, fps: float
) -> Way:
    """Frames by mmaction2, with the transforms that follow in the config.

    Args:
        samples: What to load.
        train: Training pipeline of the config.
        reader: ``'PyAV'`` or ``'Decord'``.
        fps: Frames per second, for segments.

    Raises:
        SystemExit: If the config's frames do not come from ``DecodeVideo``.
    """
    first, *rest = next(
        t['transforms'] for t in train if t.get('modality') == 'video'
    )
    if first['type'] != 'DecodeVideo':
        raise SystemExit(f'the video starts with {first}, not DecodeVideo')
    num = first['num_frames']
    sampling: Any = TRANSFORMS.build(
        {
            'type': 'mmaction.SampleFrames',
            'clip_len': 1,
            'frame_interval': 1,
            'num_clips': num,
        }
    )
    if 'start' in samples[0]:
        sampling = SegmentFrames(num, fps)
    pipeline = [
        TRANSFORMS.build({'type': f'mmaction.{reader}Init'}),
        sampling,
        TRANSFORMS.build({'type': f'mmaction.{reader}Decode'}),
        *(TRANSFORMS.build(t) for t in rest),
        TRANSFORMS.build({'type': 'mmaction.PackActionInputs'}),
    ]
    return Way(Frames(samples, pipeline), None)


def check_same_frames(own: Way, other: Way) -> tuple[int, ...]:
    """Shape of the frames, the same both ways.

    Raises:
        SystemExit: If they differ.
    """
    frames = own.dataset[own.keys(0)[0]]['inputs']['video']
    theirs = other.dataset[0]['inputs']
    if frames.shape != theirs.shape or frames.dtype != theirs.dtype:
        raise SystemExit(
            f'not the same frames: {frames.shape} {frames.dtype}, mmaction2 '
            f'{theirs.shape} {theirs.dtype}'
        )
    return tuple(frames.shape)
