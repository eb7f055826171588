from __future__ import annotations

NAMES = ('video', 'audio')
CASES = {
    'info_reg': {'methods': {'info': {'type': 'InfoReg', 'alpha': 5.0}}},
    'info_reg_short_window': {
        'methods': {'info': {'type': 'InfoReg', 'window': 1}},
        'fusion': {'type': 'SumFusionHead'},
    },
    'info_reg_three': {
        'methods': {'info': {'type': 'InfoReg', 'window': 2}},
        'modalities': 3,
    },
    'info_reg_some_pure': {
        'methods': {'info': {'type': 'InfoReg', 'alpha': 5.0}},
        'active': lambda i: (NAMES[i % 2],) if i in (1, 2, 5) else None,
    },
}
