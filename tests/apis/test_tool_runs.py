from __future__ import annotations

import os

import pytest

from mmremix.apis.tool_runs import ToolRuns


def test_a_command_is_a_process_and_its_status_that_of_all(tmp_path, capfd):
    (tmp_path / 'tool.py').write_text(
        'import os, sys\nprint(os.getppid(), sys.argv[1:])\n'
        'sys.exit(int(sys.argv[1]))\n'
    )
    tools = ToolRuns(tmp_path)
    tools.run('tool.py', '0', 'a b')
    told = capfd.readouterr().out.split(maxsplit=1)
    assert told == [str(os.getpid()), "['0', 'a b']\n"]
    with pytest.raises(SystemExit) as caught:
        tools.run('tool.py', '7')
    assert caught.value.code == 7
    assert 'tool.py 7 failed; nothing is lost.' in capfd.readouterr().out
