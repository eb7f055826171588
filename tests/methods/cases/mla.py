from __future__ import annotations

NAMES = ('video', 'audio')
MODEL = {'unimodal': 'fusion'}


def _case(names=NAMES, weights='mean', joint=0, **options):
    return {
        'methods': {'mla': {'type': 'MLA', **options}},
        'fusion': {'type': 'SharedHeadFusion', 'weights': weights},
        'model': MODEL,
        'modalities': len(names),
        'active': lambda i: (names[i % len(names)],) if i >= joint else names,
    }


CASES = {
    'mla': _case(),
    'mla_off': _case(projection='off', weights='entropy'),
    'mla_normalized': _case(normalize=True, absorb='after'),
    'mla_after_warmup': _case(joint=2, weights='entropy'),
    'mla_sizes': {**_case(), 'encoders': {'video': {'out_channels': 3}}},
    'mla_three': _case(('video', 'audio', 'touch'), absorb='after'),
}
