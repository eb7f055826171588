"""From what a user names to clips."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmremix.datasets.class_folders import (
    IMAGE_SUFFIXES,
    MEDIA_SUFFIXES,
    SOUND_SUFFIXES,
    visible,
)
from mmremix.datasets.media.packed_file import PACKED_SUFFIX

CLIP_KEYS = ('clip', 'audio', 'start', 'end')

_SUFFIXES = (*MEDIA_SUFFIXES, PACKED_SUFFIX)


def list_clips(inputs: Any) -> list[dict[str, Any]]:
    """Make one dict a clip.

    Args:
        inputs: A file, a folder, a dict with ``clip`` and optionally
            ``audio`` (file of the sound), ``start`` and ``end`` (seconds),
            or a list of those. A folder is searched through all its levels
            for media files and for folders of images (with ``<folder>.wav``
            or ``.npy`` as sound); hidden and system ones are left out. A
            file is taken whatever its name and whether or not it is there.

    Returns:
        Dicts with ``clip`` and what else was given, in the order given; in a
        folder, by path.

    Raises:
        TypeError: On another type.
        ValueError: On an unknown or wrong key, or a folder without clips.
    """
    if isinstance(inputs, (str, os.PathLike)):
        path = os.fspath(inputs)
        if not os.path.isdir(path):
            return [{'clip': path}]
        clips = list(_walk(Path(path)))
        if not clips:
            raise ValueError(
                f'{path}: no clips in this folder. Clips are files that end '
                f'in {", ".join(sorted(_SUFFIXES))} and folders of images.'
            )
        return clips
    if isinstance(inputs, Mapping):
        return [_check_clip(inputs)]
    if isinstance(inputs, Sequence):
        return [clip for item in inputs for clip in list_clips(item)]
    raise TypeError(
        'A clip is a path or dict(clip=..., start=..., end=..., audio=...), '
        f'got {type(inputs).__name__}: {inputs!r}.'
    )


def _check_clip(given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(CLIP_KEYS))
    if unknown or not given.get('clip'):
        raise ValueError(
            f'A clip needs clip=, and may have audio=, start= and end=; got '
            f'{dict(given)}.'
        )
    clip = {key: given[key] for key in CLIP_KEYS if given.get(key) is not None}
    for key in ('clip', 'audio'):
        if key in clip:
            clip[key] = os.fspath(clip[key])
    for key in ('start', 'end'):
        if key in clip:
            clip[key] = float(clip[key])
    return clip


def _walk(folder: Path) -> Iterator[dict[str, Any]]:
    items = list(visible(folder))
    media = [i for i in items if i.is_file() and _ends(i, _SUFFIXES)]
    if not media and any(
        i.is_file() and _ends(i, IMAGE_SUFFIXES) for i in items
    ):
        found = {'clip': str(folder)}
        for suffix in SOUND_SUFFIXES:
            sound = folder.with_name(folder.name + suffix)
            if sound.is_file():
                found['audio'] = str(sound)
                break
        yield found
        return
    for item in items:
        if item in media:
            yield {'clip': str(item)}
        elif item.is_dir():
            yield from _walk(item)


def _ends(path: Path, suffixes: Sequence[str]) -> bool:
    return path.suffix.lower() in suffixes
