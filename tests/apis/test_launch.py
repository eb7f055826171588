from __future__ import annotations

import pytest

from mmremix.apis import build_runner


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        (
            'model_wrapper_cfg',
            {'type': 'MMFullyShardedDataParallel'},
            r"shards the parameters.*type='MMDistributedDataParallel'",
        ),
        ('runner_type', 'FlexibleRunner', r'Remove runner_type and strategy'),
        (
            'strategy',
            {'type': 'DDPStrategy'},
            r'writes its checkpoints',
        ),
    ],
)
def test_what_remix_does_not_work_with(tiny_config, key, value, message):
    cfg = tiny_config()
    cfg[key] = value
    with pytest.raises(ValueError, match=f'(?s){message}'):
        build_runner(cfg)
