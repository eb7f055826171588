"""Entry points for scripts and notebooks."""

from mmremix.apis.av_inferencer import AVInferencer
from mmremix.apis.export import export_model
from mmremix.apis.launch import (
    build_runner,
    leave_process_group,
    load_config,
    test,
    train,
)
from mmremix.apis.lost_worker import LostWorkerError
from mmremix.apis.methods import apply_methods
from mmremix.apis.work_dir import WorkDirInUseError

__all__ = [
    'AVInferencer',
    'LostWorkerError',
    'WorkDirInUseError',
    'apply_methods',
    'build_runner',
    'export_model',
    'leave_process_group',
    'load_config',
    'test',
    'train',
]
