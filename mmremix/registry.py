"""Registries of mmremix, one child per root registry of mmengine.

They are flat: components of mmremix are found by their bare name, those of
other packages by prefix (``mmaction.ResNet``, ``mmcv.Resize``). With
``default_scope = 'mmremix'`` in a config, mmengine imports this module by
itself and the ``locations`` on first use, so no ``custom_imports`` is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmremix.utils.versions import require

require('torch', 'mmengine', 'mmcv')

from mmengine import registry as roots  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar('T', bound=Callable[..., Any])

    class Registry:
        """mmengine's, as a type checker should see it (no type hints)."""

        def __init__(
            self,
            name: str,
            parent: Registry | None = None,
            scope: str | None = None,
            locations: Sequence[str] = (),
        ) -> None: ...

        def build(
            self, cfg: dict[str, Any], *args: Any, **kwargs: Any
        ) -> Any: ...

        def get(self, key: str) -> Any: ...

        def register_module(
            self, name: str | list[str] | None = None, force: bool = False
        ) -> Callable[[T], T]: ...

        def __getattr__(self, name: str) -> Any: ...
else:
    from mmengine.registry import Registry


def _child(root: Any, *locations: str) -> Registry:
    return Registry(root.name, parent=root, locations=list(locations))


DATASETS = _child(roots.DATASETS, 'mmremix.datasets')
DATA_SAMPLERS = _child(roots.DATA_SAMPLERS, 'mmremix.datasets')
TRANSFORMS = _child(roots.TRANSFORMS, 'mmremix.datasets')
# mmengine has none of these: what reads a modality of a TableDataset.
READERS = Registry('reader', scope='mmremix', locations=['mmremix.datasets'])
MODELS = _child(roots.MODELS, 'mmremix.models', 'mmremix.methods')
HOOKS = _child(roots.HOOKS, 'mmremix.engine')
METRICS = _child(roots.METRICS, 'mmremix.evaluation')
FUNCTIONS = _child(roots.FUNCTIONS, 'mmremix.datasets', 'mmremix.methods')
INFERENCERS = _child(roots.INFERENCERS, 'mmremix.apis')
LOOPS = _child(roots.LOOPS, 'mmremix.engine')
LOG_PROCESSORS = _child(roots.LOG_PROCESSORS, 'mmremix.engine')
OPTIM_WRAPPERS = _child(roots.OPTIM_WRAPPERS, 'mmremix.engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    roots.OPTIM_WRAPPER_CONSTRUCTORS, 'mmremix.engine'
)
VISBACKENDS = _child(roots.VISBACKENDS, 'mmremix.engine')
VISUALIZERS = _child(roots.VISUALIZERS, 'mmremix.engine')

# Nothing of ours in these yet. They are here because mmengine warns about
# each registry that the default scope lacks.
EVALUATOR = _child(roots.EVALUATOR)
MODEL_WRAPPERS = _child(roots.MODEL_WRAPPERS)
OPTIMIZERS = _child(roots.OPTIMIZERS)
PARAM_SCHEDULERS = _child(roots.PARAM_SCHEDULERS)
RUNNERS = _child(roots.RUNNERS)
RUNNER_CONSTRUCTORS = _child(roots.RUNNER_CONSTRUCTORS)
TASK_UTILS = _child(roots.TASK_UTILS)
WEIGHT_INITIALIZERS = _child(roots.WEIGHT_INITIALIZERS)
