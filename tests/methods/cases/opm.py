from __future__ import annotations

CASES = {
    'opm': {'methods': {'opm': {'type': 'OPM'}}},
    'opm_always_three': {
        'methods': {'opm': {'type': 'OPM', 'p_exe': 1.0, 'strength': 1.0}},
        'modalities': 3,
    },
    'opm_with_noise': {
        'methods': {
            'opm': {'type': 'OPM', 'p_exe': 1.0},
            'ogm_ge': {'type': 'OGMGE'},
        },
        'model': {'unimodal': 'fusion'},
    },
}
