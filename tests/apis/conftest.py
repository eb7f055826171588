from __future__ import annotations

import pytest

from tests.apis.trained import save_checkpoint


@pytest.fixture
def trained(tiny_config, tmp_path):
    """The tiny demo config and a checkpoint of its model."""
    cfg = tiny_config()
    return cfg, save_checkpoint(cfg, tmp_path / 'tiny.pth')
