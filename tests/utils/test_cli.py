"""What the tools show of an error."""

from __future__ import annotations

import pytest
from torch.utils.data import DataLoader, Dataset

from mmremix.apis import LostWorkerError, WorkDirInUseError
from mmremix.datasets.media import BrokenMediaError
from mmremix.engine import DamagedCheckpointError
from mmremix.utils import ConfigError, MmremixError
from mmremix.utils.cli import errors_as_messages


@pytest.mark.parametrize(
    'kind',
    [ConfigError, WorkDirInUseError, LostWorkerError, DamagedCheckpointError],
)
def test_the_message_alone(
    kind: type[MmremixError], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught, errors_as_messages():
        raise kind('write this instead')
    assert caught.value.code == 2
    assert capsys.readouterr().err == 'error: write this instead\n'


def test_what_nobody_expected_keeps_its_traceback() -> None:
    with pytest.raises(ValueError, match='bug'), errors_as_messages():
        raise ValueError('bug')


class Torn(Dataset):
    """A sample that cannot be read."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> None:
        raise BrokenMediaError('a.mp4: cut off: 3 of 9 bytes')


@pytest.mark.parametrize('workers', [0, 1])
def test_a_broken_sample_is_one_message(
    workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker's error comes with the traceback of the worker in its text."""
    with (
        pytest.raises(SystemExit, match='1'),
        errors_as_messages(BrokenMediaError),
    ):
        list(DataLoader(Torn(), num_workers=workers))
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == 'error: a.mp4: cut off: 3 of 9 bytes'
