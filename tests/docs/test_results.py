"""The tables of results are those of the files of results."""

from __future__ import annotations

from tools.docs.make_results import FOLDER, TARGET, tables


def test_the_tables_are_the_tools():
    assert TARGET.read_text(encoding='utf-8') == tables()


def test_every_study_has_its_config():
    for file in FOLDER.glob('*.json'):
        config = FOLDER.parents[1] / 'configs' / 'studies' / f'{file.stem}.py'
        assert config.is_file()
