from __future__ import annotations

CASES = {
    'agm': {'methods': {'agm': {'type': 'AGM'}}},
    'agm_features': {
        'methods': {'agm': {'type': 'AGM', 'alpha': 2.0, 'absent': 'feature'}},
        'model': {'unimodal': 'fusion'},
    },
    'agm_three': {
        'methods': {'agm': {'type': 'AGM'}},
        'modalities': 3,
        'active': lambda i: ('audio',) if i % 3 == 1 else None,
    },
    'agm_gated': {
        'methods': {'agm': {'type': 'AGM', 'absent': 'feature'}},
        'fusion': {'type': 'GatedFusionHead'},
    },
}
