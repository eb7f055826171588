from __future__ import annotations

CASES = {
    'g_blend': {
        'methods': {},
        'model': {
            'loss_weights': {
                'all_active': {'fusion': 0.6, 'video': 0.3, 'audio': 0.1}
            }
        },
    },
}
