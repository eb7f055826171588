from __future__ import annotations

import os

import pytest

from mmremix.datasets.paths import Boundary, media_path


@pytest.mark.parametrize(
    ('path', 'inside'),
    [
        ('a/b.mp4', True),
        ('a/../b.mp4', True),
        ('.', True),
        ('a/..', True),
        ('..', False),
        ('../rootless/b.mp4', False),
        ('../root/b.mp4', True),
        ('link', False),
        ('away/b.mp4', False),
        ('away/../b.mp4', False),
        ('near/b.mp4', True),
        ('loop', True),
    ],
)
def test_where_paths_lead(tmp_path, path, inside):
    root = tmp_path / 'root'
    (root / 'a').mkdir(parents=True)
    (tmp_path / 'else').mkdir()
    (root / 'link').symlink_to(tmp_path / 'else' / 'c.mp4')
    (root / 'away').symlink_to(tmp_path / 'else')
    (root / 'near').symlink_to(root / 'a')
    (root / 'loop').symlink_to(root / 'loop')
    assert Boundary([str(root)]).holds(f'{root}/{path}') is inside


def test_relative_folders_and_several(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    boundary = Boundary(['one', 'two'])
    assert boundary.holds('one/x') and boundary.holds(str(tmp_path / 'two'))
    assert not boundary.holds('three/x') and not boundary.holds('/')
    assert Boundary(['/']).holds('anything')


def test_blanks_around_a_name(tmp_path):
    folder = str(tmp_path)
    assert media_path(folder, ' a.mp4 ') == os.path.join(folder, 'a.mp4')
    (tmp_path / ' a.mp4 ').touch()
    assert media_path(folder, ' a.mp4 ') == os.path.join(folder, ' a.mp4 ')
    assert media_path(folder, 'a ', '.mp4') == os.path.join(folder, 'a.mp4')


def test_links_are_seen_in_a_folder_of_many(tmp_path):
    root, away = tmp_path / 'root', tmp_path / 'away'
    root.mkdir()
    away.mkdir()
    (root / 'out').symlink_to(away)
    (root / 'in').symlink_to(root / 'a')
    names = [f'{i}.mp4' for i in range(40)]
    boundary = Boundary([str(root)])
    assert all(boundary.holds(f'{root}/{name}') for name in names)
    assert not boundary.holds(f'{root}/out')
    assert boundary.holds(f'{root}/in')
    assert all(boundary.holds(f'{root}/none/{name}') for name in names)
    assert not any(boundary.holds(f'{root}/out/{name}') for name in names)
