from __future__ import annotations

CASES = {
    'ogm': {'methods': {'ogm': {'type': 'OGM', 'alpha': 0.8}}},
    'ogm_ge': {'methods': {'ogm_ge': {'type': 'OGMGE', 'alpha': 0.3}}},
    'ogm_ge_three': {
        'methods': {'ogm_ge': {'type': 'OGMGE', 'start_epoch': 1}},
        'modalities': 3,
        'fusion': {'type': 'SumFusionHead'},
    },
    'ogm_ge_mixed': {
        'methods': {'ogm_ge': {'type': 'OGMGE'}},
        'model': {'unimodal': 'fusion'},
        'active': lambda i: ('audio',) if i % 3 == 1 else None,
    },
}
