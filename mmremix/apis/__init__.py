"""Entry points for scripts and notebooks."""

from mmremix.apis.av_inferencer import AVInferencer
from mmremix.apis.export import export_model
from mmremix.apis.launch import (
    build_runner,
    leave_process_group,
    load_config,
    train,
)
from mmremix.apis.methods import apply_methods

__all__ = [
    'AVInferencer',
    'apply_methods',
    'build_runner',
    'export_model',
    'leave_process_group',
    'load_config',
    'train',
]
