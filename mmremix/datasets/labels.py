"""Class names, and the labels that must be among them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmremix.datasets.csv_rows import (
    AnnotationError,
    MissingAnnotationError,
)
from mmremix.utils.errors import ConfigError

_INDEX = re.compile(r'0|[1-9][0-9]{0,8}')
_WHOLE = re.compile(r'([+-]?[0-9]{1,18})(\.0*)?')


class ClassList:
    """Class names in index order.

    A label is a name, or the index of one. Names that are numbers are names
    only: with classes ``['1', '2', '3']`` the label ``1`` is the first class,
    and the label ``0`` none.

    Args:
        names: The names, in a list or tuple; blanks around them do not
            count. Whole numbers stand for their text.
        where: What to call the list in errors.

    Attributes:
        names: The names.
        are_numbers: Whether there is a number among them.

    Raises:
        AnnotationError: On no names, on what is no name, and on a name that
            is there twice, be it with blanks around it, spelled with other
            characters for the same letter, or with other zeros (1 and 01).
    """

    def __init__(
        self, names: Iterable[object], where: str = 'classes'
    ) -> None:
        if not isinstance(names, list | tuple):
            raise AnnotationError(
                f'{where}: a list of names, in index order, got {names!r}. '
                "Write: classes=['clap', 'shout']"
            )
        self.names: list[str] = []
        seen: dict[str, str] = {}
        for name in names:
            if isinstance(name, bool) or not isinstance(name, str | int):
                raise AnnotationError(
                    f'{where}: a class name is text, got {name!r}. Write: '
                    "classes=['clap', 'shout']"
                )
            text = str(name).strip()
            kinds = {unicodedata.category(char) for char in text}
            if not text or kinds & {'Cc', 'Cs'}:
                raise AnnotationError(
                    f'{where}: {str(name)!r} is no class name. Give its '
                    'samples a name, or leave them out: filter_cfg=dict(...)'
                )
            key = _same(text)
            if key in seen:
                raise AnnotationError(
                    f'{where}: a class is named twice, as {seen[key]!a} and '
                    f'as {text!a} (number {len(self.names) + 1}). Name '
                    'each once.'
                )
            seen[key] = text
            self.names.append(text)
        if not self.names:
            raise AnnotationError(f'{where}: no class names.')
        self._indices = {
            unicodedata.normalize('NFC', name): i
            for i, name in enumerate(self.names)
        }
        self.are_numbers = any(map(_is_number, self.names))

    def index(self, label: str) -> int:
        """Class index of a label.

        Raises:
            ValueError: If it is neither a name nor an index, with the name
                that is most like it.
        """
        place = self._indices.get(unicodedata.normalize('NFC', label))
        if place is not None:
            return place
        is_index = not self.are_numbers and _INDEX.fullmatch(label)
        if is_index and int(label) < len(self.names):
            return int(label)
        raise ValueError(f"unknown label '{label[:80]}'{self._hint(label)}")

    def _hint(self, label: str) -> str:
        like = [name for name in self.names if _same(name) == _same(label)]
        if like:
            return f"; did you mean '{like[0]}'?"
        if label.isdecimal() and self.are_numbers:
            return '; the class names are numbers, which are no indices too'
        if _WHOLE.fullmatch(label):
            return f'; indices are 0 to {len(self.names) - 1}'
        folded = {name.casefold(): name for name in self.names}
        like = difflib.get_close_matches(label[:80].casefold(), folded, 1)
        return f"; did you mean '{folded[like[0]]}'?" if like else ''

    def look_alikes(self) -> str:
        """Says which names differ by case only; empty if none do."""
        first: dict[str, str] = {}
        pairs = [
            f'{other!r} and {name!r}'
            for name in self.names
            if (other := first.setdefault(name.casefold(), name)) != name
        ]
        if not pairs:
            return ''
        return (
            f'the classes {", ".join(pairs)} differ by upper and lower case '
            'only, and are classes of their own'
        )

    def shortage(self, counts: Sequence[int]) -> str:
        """Says which classes have no sample; empty if all have one.

        Args:
            counts: Samples of each class.
        """
        absent = [n for i, n in enumerate(self.names) if not counts[i]]
        if not absent:
            return ''
        listed = ', '.join(
            f'{name} {counts[i]}' for i, name in enumerate(self.names)
        )
        return (
            f'{len(absent)} of {len(self.names)} classes have no sample, '
            f'{absent}. Samples of each: {listed}'
        )


def read_classes(path: str | Path) -> list[str]:
    """Class names of a text file, one a line; blank lines do not count.

    Raises:
        AnnotationError: If it is missing, no UTF-8, or no list of classes.
    """
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise (MissingAnnotationError if missing else AnnotationError)(
            f'{path}: cannot be read as a file of classes ({error}). A list '
            "of names is given as classes=['clap', 'shout']."
        ) from error
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f'{path}: no text in UTF-8 ({error}). Save it as UTF-8.'
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    return ClassList(lines, str(path)).names


def sort_labels(labels: Iterable[str]) -> list[str]:
    """Sort by number if all labels are numbers, else by text."""
    names = list(labels)
    if all(re.fullmatch('[0-9]{1,18}', name) for name in names):
        return sorted(names, key=int)
    return sorted(names)


def split_labels(text: str, separator: str) -> list[str]:
    """The labels of a cell such as ``dog;speech``, each once, in order.

    Raises:
        ValueError: On a label without a name, as in ``dog;;speech``.
    """
    if not text.strip():
        return []
    found = [part.strip() for part in text.split(separator)]
    if '' in found:
        raise ValueError(f'a label without a name in {text[:80]!r}')
    return list(dict.fromkeys(found))


def multi_hot(indices: Sequence[int], num_classes: int) -> np.ndarray:
    """Labels as 0 and 1, float32 ``(M,)``."""
    found = np.zeros(num_classes, dtype=np.float32)
    found[list(indices)] = 1.0
    return found


def label_indices(label: np.ndarray) -> tuple[int, ...]:
    """Class indices of a label: ``(M,)`` of 0 and 1 if float, else indices."""
    if label.dtype.kind == 'f':
        label = np.flatnonzero(label)
    return tuple(np.atleast_1d(label).tolist())


def plain_label(label: Any) -> int | tuple[int, ...] | None:
    """A label that can be compared and written: an array as its indices."""
    return label_indices(label) if isinstance(label, np.ndarray) else label


def check_separator(kind: str, separator: str | None, no_label: str) -> None:
    """Refuse options of several labels that make no sense.

    Raises:
        ConfigError: With the lines to write.
    """
    if separator is not None and (
        not isinstance(separator, str) or not separator.strip()
    ):
        raise ConfigError(
            f'{kind}: label_separator is what stands between labels, got '
            f"{separator!r}. Write: label_separator=';'"
        )
    check_no_label(kind, no_label)
    if no_label == 'allow' and separator is None:
        raise ConfigError(
            f"{kind}: no_label='allow' is for several labels a sample. "
            "Write beside it: label_separator=';'"
        )


def check_no_label(kind: str, no_label: str) -> None:
    """Refuse what is neither 'error' nor 'allow'.

    Raises:
        ConfigError: With the line to write.
    """
    if no_label not in ('error', 'allow'):
        raise ConfigError(
            f"{kind}: no_label must be 'error' or 'allow', got {no_label!r}. "
            "Write: no_label='allow'"
        )


def _same(name: str) -> str:
    """What two names share that a reader would take for one."""
    text = unicodedata.normalize('NFC', name.strip())
    number = _WHOLE.fullmatch(text)
    return str(int(number[1])) if number else text


def _is_number(name: str) -> bool:
    """Whether a class is named by a number, be it 1, 0.5 or 1e3."""
    try:
        float(name)
    except ValueError:
        return False
    # Not 'nan' nor 'infinity'.
    return any(char.isdigit() for char in name)
