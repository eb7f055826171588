from __future__ import annotations

NAMES = ('video', 'audio')


def case(**options):
    return {
        'methods': {'greedy': {'type': 'Greedy', **options}},
        'encoder': 'StagedEncoder',
        'fusion': {'type': 'MMTM', 'stages': (1, 2), 'track_gates': True},
        'model': {
            'loss_weights': {'all_active': {'fusion': 0.0, 'unimodal': 1.0}}
        },
    }


CASES = {
    'greedy': case(eps=0.0, curation_steps=2, start_epoch=0),
    'greedy_later': case(),
    'greedy_mixed': {
        **case(eps=0.0, start_epoch=0),
        'active': lambda i: (NAMES, NAMES[i % 2 :][:1])[i % 3 == 1],
    },
}
