from __future__ import annotations

CASES = {
    'dgl': {'methods': {'dgl': {'type': 'DGL'}}},
    'dgl_three': {
        'methods': {'dgl': {'type': 'DGL'}},
        'modalities': 3,
        'active': lambda i: ('audio',) if i % 3 == 1 else None,
    },
}
