"""What the tools show of an error."""

from __future__ import annotations

import pytest

from mmremix.apis import LostWorkerError, WorkDirInUseError
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
