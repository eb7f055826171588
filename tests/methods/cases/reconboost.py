from __future__ import annotations

SUM = {
    'fusion': {'type': 'DecisionFusionHead', 'absent': 'skip'},
    'model': {'unimodal': 'fusion'},
    'loads_masked': True,
}
NAMES = ('video', 'audio', 'touch')


def case(modalities=2, active=None, **options):
    return {
        'methods': {'reconboost': {'type': 'ReconBoost', **options}},
        'modalities': modalities,
        # Stages of one step, and one with all modalities after each.
        'active': active
        or (lambda i: None if i % 2 else (NAMES[i // 2 % modalities],)),
        **SUM,
    }


CASES = {
    'reconboost': case(),
    'reconboost_released': case(agreement_gradient=False),
    'reconboost_rate': case(boost_rate=0.5, agreement_weight=3.0),
    'reconboost_three': case(modalities=3),
}
