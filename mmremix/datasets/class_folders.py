"""The clips of a tree with one folder a class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mmremix.datasets.csv_rows import AnnotationError

MEDIA_SUFFIXES = frozenset(
    f'.{name}'
    for name in (
        *('3gp', 'avi', 'flv', 'm2ts', 'm4v', 'mkv', 'mov', 'mp4'),
        *('mpeg', 'mpg', 'mts', 'ogv', 'ts', 'webm', 'wmv'),
    )
)
"""File name endings that the folder layout takes for clips."""
IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png')
"""File name endings of the pictures in a folder of frames."""
SOUND_SUFFIXES = ('.wav', '.npy')
"""File name endings of the sound beside a folder of frames."""

# What file systems, archives, network drives and editors leave behind.
_SYSTEM = frozenset(
    (
        *('__macosx', '__pycache__', 'lost+found', 'desktop.ini'),
        *('thumbs.db', 'ehthumbs.db', 'system volume information'),
        *('$recycle.bin', 'recycler', 'recycled', '@eadir', '@recycle'),
        *('@recently-snapshot', '@tmp', '#recycle', '#snapshot'),
        *('network trash folder', 'temporary items', 'icon\r'),
    )
)


class ClassFolders(NamedTuple):
    """What is in a tree of class folders.

    Attributes:
        rows: The clips, as :func:`~mmremix.datasets.annotation.read_csv`
            gives rows, with paths relative to the tree.
        classes: Names of the folders that hold clips.
        empty: Names of the folders that hold none.
        unused: What is in class folders and no clip, relative to the tree.
    """

    rows: list[dict[str, Any]]
    classes: list[str]
    empty: list[str]
    unused: list[str]


def is_clutter(name: str) -> bool:
    """Whether a file or folder is hidden, or of a system, by its name.

    Such are no clips and no classes: ``.ipynb_checkpoints``, ``._a.mp4``,
    ``__MACOSX``, ``@eaDir``, ``lost+found``, ``$RECYCLE.BIN``, ``Thumbs.db``
    and the like.
    """
    return name.startswith('.') or name.casefold() in _SYSTEM


def visible(folder: str | Path) -> Iterator[Path]:
    """What is in a folder, in order, without clutter."""
    for path in sorted(Path(folder).iterdir()):
        if not is_clutter(path.name):
            yield path


def is_frame_folder(folder: Path) -> bool:
    """Whether a folder holds pictures."""
    return folder.is_dir() and any(
        path.suffix.lower() in IMAGE_SUFFIXES for path in visible(folder)
    )


def read_folders(root: str) -> ClassFolders:
    """List the clips of a ``root/<class>/<clip>`` layout.

    A clip is a media file, or a folder of frames with ``<clip>.wav`` or
    ``<clip>.npy`` beside it. Hidden and system folders are no classes, see
    :func:`is_clutter`, and neither are folders without a clip.

    Args:
        root: Folder of the class folders.

    Raises:
        AnnotationError: If there is no class folder or no clip, or if two
            folders have one name but for blanks around it.
    """
    top = Path(root)
    rows: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    empty: list[str] = []
    unused: list[Path] = []
    for folder in visible(top) if top.is_dir() else ():
        if not folder.is_dir():
            continue
        label = folder.name.strip()
        found, others = _clips(folder)
        unused += others
        if not found:
            empty.append(folder.name)
            continue
        if label in names:
            raise AnnotationError(
                f'{root}: the folders {names[label]!r} and {folder.name!r} '
                'are one class but for blanks. Put them together.'
            )
        names[label] = folder.name
        for clip, sound in found:
            row = {'label': label, 'clip': str(clip.relative_to(top))}
            if sound:
                row['audio'] = str(sound.relative_to(top))
            rows.append(row)
    if not rows:
        raise AnnotationError(
            f'No clips under {root}'
            + (f', whose folders are {empty[:10]}' if empty else '')
            + '. Without ann_file, AVDataset expects '
            '<data_root>/<class>/<clip>.mp4; for a CSV write '
            "ann_file='train.csv'." + _sounds_alone(unused)
        )
    listed = [str(path.relative_to(top)) for path in unused]
    return ClassFolders(rows, list(names), empty, listed)


def _sounds_alone(unused: list[Path]) -> str:
    found = [path.name for path in unused if path.suffix.lower() == '.wav']
    if not found:
        return ''
    return (
        f' Sounds alone, such as {found[0]}, are no clips: list them in a CSV '
        "with a column a modality (docs/data/own_table.md, reader='sound')."
    )


def refuse_empty(root: str, empty: list[str]) -> None:
    """Refuse class folders without clips, where they are the classes.

    Raises:
        AnnotationError: Naming them.
    """
    if empty:
        raise AnnotationError(
            f'{root}: no clips in the folder(s) {empty[:10]}, so it cannot be '
            'told whether they are classes. Remove them or put clips there, '
            "or name the classes of the data set: classes=['clap', 'shout']"
        )


def _clips(
    folder: Path,
) -> tuple[list[tuple[Path, Path | None]], list[Path]]:
    """Clips with their sounds, and what else there is."""
    found: list[tuple[Path, Path | None]] = []
    others: list[Path] = []
    for path in visible(folder):
        if path.is_dir():
            sounds = [
                path.with_name(path.name + suffix) for suffix in SOUND_SUFFIXES
            ]
            sound = next((s for s in sounds if s.is_file()), None)
            # With a sound and no frames it is a broken clip, named as such
            # when it is read.
            if sound or is_frame_folder(path):
                found.append((path, sound))
            else:
                others.append(path)
        elif path.suffix.lower() in MEDIA_SUFFIXES:
            found.append((path, None))
        elif not (
            path.suffix.lower() in SOUND_SUFFIXES
            and path.with_suffix('').is_dir()
        ):
            others.append(path)
    return found, others
