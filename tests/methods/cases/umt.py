from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from tests.methods import kit

# Removed when the process ends.
_FOLDER = tempfile.TemporaryDirectory()


def teacher(seed=11, modalities=3):
    """A checkpoint, the same in every process."""
    path = Path(_FOLDER.name, f'{seed}.pth')
    model = kit.make_model({'modalities': modalities}, seed=seed)
    torch.save({'state_dict': model.state_dict()}, path)
    return str(path)


def case(names, **options):
    path = teacher()
    teachers = dict.fromkeys(names, path)
    return {
        'methods': {'umt': {'type': 'UMT', 'teachers': teachers, **options}},
        'modalities': len(names),
    }


CASES = {
    'umt': case(('video', 'audio')),
    'umt_three': case(('video', 'audio', 'touch'), weight=1.0),
    'umt_pure': {
        **case(('video', 'audio'), weight=0.5),
        'active': lambda i: (('video', 'audio')[i % 2],),
    },
}
