"""What two runs of crash_resume.py left, compared bit by bit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any


def content(work_dir: Path) -> dict[str, Any]:
    """Everything that must be equal, by name."""
    import torch

    name = (work_dir / 'last_checkpoint').read_text()
    last = torch.load(name, weights_only=True)
    hub = last['message_hub']['runtime_info']
    found = {
        'files': sorted(
            p.name for p in work_dir.iterdir() if '.pth' in p.name
        ),
        'epoch': last['meta']['epoch'],
        'iterations': last['meta']['iter'],
        'best_score': hub['best_score'],
        'keep_ckpt_ids': hub['keep_ckpt_ids'],
    }
    for name in ('state_dict', 'optimizer', 'param_schedulers', 'plan'):
        found.update(flat(last[name], name))
    for path in work_dir.glob('best_*.pth'):
        best = torch.load(path, weights_only=True)
        found.update(flat(best['state_dict'], path.name))
    return found


def flat(value: Any, name: str) -> dict[str, Any]:
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    else:
        return {name: value}
    return {
        k: v for key, x in items for k, v in flat(x, f'{name}.{key}').items()
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    import torch

    def same(a: object, b: object) -> bool:
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
            return a.dtype == b.dtype and torch.equal(a, b)
        return type(a) is type(b) and a == b

    names = sorted({*one, *other})
    return [n for n in names if not same(one.get(n), other.get(n))]
