"""Run a data set's pipeline on a sample, or on one in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.presence import stand_in
from mmremix.datasets.sample_error import SampleError, place_of
from mmremix.datasets.stand_ins import REPLACES

if TYPE_CHECKING:
    from mmremix.datasets.multimodal_dataset import MultimodalDataset


def load_sample(
    dataset: MultimodalDataset,
    index: int,
    active: tuple[str, ...],
    loaded: tuple[str, ...],
) -> dict[str, Any]:
    """Run the pipeline, on a stand-in if the sample may be skipped.

    Args:
        dataset: The data set.
        index: Of the sample.
        active: The modalities that it keeps.
        loaded: Those that are read.

    Raises:
        BrokenMediaError: See :class:`MultimodalDataset`.
        SampleError: See :class:`MultimodalDataset`.
    """
    replaces: tuple[int, str, str] | None = None
    draws, is_anew = 0, False
    while draws <= dataset.max_refetch:
        info = dataset.get_data_info(index)
        info['active_modalities'] = active
        info['loaded_modalities'] = loaded
        if replaces is not None:
            info[REPLACES] = replaces
        # The pipeline may change it.
        clip = str(info.get('clip', index))
        place = place_of(info, index, dataset.ann_file)
        try:
            dataset.make_ready(info, loaded)
            data = dataset.pipeline(info)
            if data is None:
                raise BrokenMediaError.of(
                    clip, 'a transform of the pipeline returned None'
                )
        except BrokenMediaError as error:
            if not is_anew and dataset.make_anew(
                dataset.get_data_info(index), loaded
            ):
                is_anew = True
                continue
            if dataset.on_broken == 'raise':
                raise BrokenMediaError(
                    f'{error}\nThis is {place}. To train without samples '
                    "that cannot be read: on_broken='skip' in the data "
                    'set.'
                ) from error
            # The first broken one is the sample that was asked for.
            replaces = replaces or (index, clip, str(error))
        except Exception as error:
            # Otherwise a worker dies without the name of the file.
            raise SampleError.of(error, info, place) from error
        else:
            return data
        index = stand_in(dataset, loaded)
        draws, is_anew = draws + 1, False
    raise BrokenMediaError(
        f'No usable sample in {dataset.max_refetch + 1} draws. The first '
        f'that failed: {replaces}. Check data_root and data_prefix.'
    )
