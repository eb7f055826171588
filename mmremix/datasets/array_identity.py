"""What rows of an array file are, wherever it lies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from mmremix.datasets.array_checks import length_name
from mmremix.datasets.array_file import ArrayFile
from mmremix.datasets.identity import DataIdentity


def array_identity(
    file: ArrayFile,
    rows: np.ndarray,
    labels: np.ndarray,
    arrays: Mapping[str, str],
    classes: tuple[str, ...],
) -> DataIdentity:
    """Describe rows, labels, classes and arrays.

    Args:
        file: The file.
        rows: Numbers of those that are samples.
        labels: Of these.
        arrays: Name of the array of each modality.
        classes: Their names.
    """
    columns = {
        'labels': _digest(labels.astype('<i8').tobytes()),
        'rows': _digest(rows.astype('<i8').tobytes()),
    }
    for modality, name in arrays.items():
        said = [
            (n, file.shape(n)[1:], str(file.dtype(n)), file.checksum(n))
            for n in (name, length_name(name))
            if n in file.names
        ]
        columns[f'array {modality}'] = _digest(repr(said).encode())
    modalities = tuple(arrays)
    everything = (modalities, classes, len(rows), sorted(columns.items()))
    return DataIdentity(
        modalities=modalities,
        num_samples=len(rows),
        fingerprint=_digest(repr(everything).encode()),
        classes=classes,
        row_set=_digest(
            np.sort(rows).astype('<i8').tobytes()
            + repr(
                [v for k, v in columns.items() if k.startswith('array')]
            ).encode()
        ),
        columns=columns,
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
