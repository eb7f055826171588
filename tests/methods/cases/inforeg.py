from __future__ import annotations

NAMES = ('video', 'audio')
CASES = {
    'inforeg': {'methods': {'info': {'type': 'InfoReg', 'alpha': 5.0}}},
    'inforeg_short_window': {
        'methods': {'info': {'type': 'InfoReg', 'window': 1}},
        'fusion': {'type': 'SumFusionHead'},
    },
    'inforeg_three': {
        'methods': {'info': {'type': 'InfoReg', 'window': 2}},
        'modalities': 3,
    },
    'inforeg_some_pure': {
        'methods': {'info': {'type': 'InfoReg', 'alpha': 5.0}},
        'active': lambda i: (NAMES[i % 2],) if i in (1, 2, 5) else None,
    },
}
