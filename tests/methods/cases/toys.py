from __future__ import annotations

from tests.methods import toys  # noqa: F401  (registers them)

NAMES = ('video', 'audio')
CASES = {
    'nothing': {'methods': {'nothing': {'type': 'DoNothing'}}},
    'sum_of_terms': {'methods': {'sum': {'type': 'SumOfTerms'}}},
    'running_mean': {'methods': {'mean': {'type': 'RunningMean'}}},
    'sum_of_terms_pure': {
        'methods': {'sum': {'type': 'SumOfTerms'}},
        'active': lambda i: (NAMES[i % 2],),
    },
    'all_places': {
        'methods': {
            'nothing': {'type': 'DoNothing'},
            'mean': {'type': 'RunningMean'},
            'sum': {'type': 'SumOfTerms'},
        },
        'modalities': 3,
    },
}
