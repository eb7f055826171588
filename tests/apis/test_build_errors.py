"""What cannot be built is named with its place in the config."""

from __future__ import annotations

import pytest

from mmremix.apis import build_runner, train
from mmremix.utils.errors import ConfigError


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({'momentun': 0.1}, "'momentun', .*Did you mean momentum"),
        ({'begin_epok': 1}, "'begin_epok', .*Did you mean begin_epoch"),
        ({'momentum': 2.0}, 'momentum must be in range'),
        ({'momentum': 'a'}, 'TypeError: .* not supported'),
        ({'ema_type': 'Expo'}, "no type='Expo' among the models"),
    ],
)
def test_what_a_hook_hands_on_is_named_with_its_place(
    tiny_config, options, said
):
    cfg = tiny_config('joint_demo_concat', epochs=1)
    cfg.custom_hooks = [{'type': 'EMAHook', **options}]
    with pytest.raises(ConfigError, match=rf'custom_hooks\.0 .*{said}'):
        train(build_runner(cfg))
