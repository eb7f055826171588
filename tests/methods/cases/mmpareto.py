from __future__ import annotations

NAMES = ('video', 'audio')
CASES = {
    'mmpareto': {'methods': {'pareto': {'type': 'MMPareto'}}},
    'mmpareto_tensor': {
        'methods': {'pareto': {'type': 'MMPareto', 'rescale': 'tensor'}},
        'model': {
            'loss_weights': {'all_active': {'fusion': 1.0, 'unimodal': 1.0}}
        },
    },
    'mmpareto_three': {
        'methods': {'pareto': {'type': 'MMPareto', 'gamma': 1.0}},
        'modalities': 3,
    },
    'mmpareto_pure': {
        'methods': {'pareto': {'type': 'MMPareto'}},
        'active': lambda i: (NAMES[i % 2],) if i > 1 else None,
    },
    'gramian': {
        'methods': {
            'gramian': {
                'type': 'GramianAggregation',
                'weighting': 'pareto_weights',
                'scale': 0.5,
            }
        },
        'fusion': {'type': 'SumFusionHead'},
        'active': lambda i: (NAMES[i % 2],) if i == 2 else None,
    },
}
