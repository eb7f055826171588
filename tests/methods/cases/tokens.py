"""Methods that act on features, where the fusion takes tokens."""

from __future__ import annotations

_TOKENS = {
    'fusion': {'type': 'TransformerFusionHead', 'width': 8, 'depth': 1},
    'encoder': 'TinyTokens',
}
CASES = {
    'tokens_opm_and_ogm_ge': {
        'methods': {
            'opm': {'type': 'OPM', 'p_exe': 1.0},
            'ogm_ge': {'type': 'OGMGE'},
        },
        **_TOKENS,
    },
    'tokens_dropout_and_dgl': {
        'methods': {
            'modality_dropout': {'type': 'ModalityDropout'},
            'dgl': {'type': 'DGL'},
        },
        **_TOKENS,
    },
    'tokens_agm': {'methods': {'agm': {'type': 'AGM'}}, **_TOKENS},
    'tokens_agm_feature': {
        'methods': {'agm': {'type': 'AGM', 'absent': 'feature'}},
        **_TOKENS,
        'model': {'unimodal': 'fusion'},
    },
}
