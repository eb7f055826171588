from __future__ import annotations

CASES = {
    'modality_dropout': {'methods': {'dropout': {'type': 'ModalityDropout'}}},
    'modality_dropout_three': {
        'methods': {'dropout': {'type': 'ModalityDropout', 'p': 0.7}},
        'modalities': 3,
        'active': lambda i: ('audio',) if i % 3 == 1 else None,
    },
    'modality_dropout_of_one': {
        'methods': {
            'dropout': {'type': 'ModalityDropout', 'p': {'video': 0.9}}
        },
        'model': {'unimodal': 'fusion'},
    },
}
