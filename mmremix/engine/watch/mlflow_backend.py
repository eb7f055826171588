"""MLflow, with names and a store that it takes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.visualization import MLflowVisBackend as BaseMLflowVisBackend

from mmremix.registry import VISBACKENDS


@VISBACKENDS.register_module()
class MLflowVisBackend(BaseMLflowVisBackend):
    """mmengine's, so that it works with MLflow 3.

    MLflow refuses ``+`` in a name, which becomes ``_and_``:
    ``subset/fusion_video_and_audio``. It also refuses a folder of files as
    its store, mmengine's default: here a run writes ``mlflow.db`` and
    ``mlflow_artifacts`` beside its other logs. ``type='MLflowVisBackend'``
    in a config means this one.

    .. code-block:: python

        visualizer = dict(vis_backends=[
            dict(type='LocalVisBackend'),
            dict(type='MLflowVisBackend', exp_name='mine')])

    Args:
        save_dir: Of the run's logs; the runner gives it.
        tracking_uri: Of a server or a store:
            ``'sqlite:///work_dirs/mlflow.db'`` gathers several runs.
        kwargs: Other arguments of mmengine's ``MLflowVisBackend``.
    """

    def __init__(
        self, save_dir: str, tracking_uri: str | None = None, **kwargs: Any
    ) -> None:
        if tracking_uri is None:
            folder = os.path.abspath(save_dir)
            tracking_uri = f'sqlite:///{folder}/mlflow.db'
            artifacts = Path(folder, 'mlflow_artifacts').as_uri()
            # What mmengine would copy into the store lies beside it.
            own = {'artifact_location': artifacts, 'artifact_suffix': ()}
            kwargs = {**own, **kwargs}
        super().__init__(save_dir, tracking_uri=tracking_uri, **kwargs)

    def add_scalar(self, name: str, value: Any, *args: Any, **kw: Any) -> None:
        """Log a figure."""
        super().add_scalar(_allowed(name), value, *args, **kw)

    def add_scalars(
        self, scalar_dict: Mapping[str, Any], *args: Any, **kwargs: Any
    ) -> None:
        """Log several figures."""
        named = {_allowed(name): value for name, value in scalar_dict.items()}
        super().add_scalars(named, *args, **kwargs)


def _allowed(name: str) -> str:
    return re.sub(r'[^\w.\- :/]', '_', name.replace('+', '_and_'))
