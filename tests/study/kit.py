"""Records without runs."""

from __future__ import annotations


def record(method='joint', seed=0, test=0.5, held_out=0.5, **more):
    """A record; ``test`` and ``held_out`` may be dicts by read-out."""

    def table(value):
        return value if isinstance(value, dict) else {'fusion': value}

    return {
        'study': 's',
        'setting': 'full',
        'method': method,
        'seed': seed,
        'lr': 0.001,
        'config': 'abc',
        'fold': seed,
        'status': 'done',
        'finished': '2030-01-01T00:00:00Z',
        'epochs': 4,
        'epoch': 2,
        'steps': 10,
        'passes': {'video': 100, 'audio': 100},
        'seconds': 2.0,
        'accuracy': {'held_out': table(held_out), 'test': table(test)},
        **more,
    }


def lost(method='joint', seed=0, status='failed', **more):
    """A record of a run that came to nothing."""
    whole = record(method, seed, status=status, **more)
    for name in ('accuracy', 'steps', 'passes', 'seconds', 'epoch'):
        del whole[name]
    return {**whole, 'error': 'it broke'}
