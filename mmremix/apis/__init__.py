"""Entry points for scripts and notebooks."""

from mmremix.apis.launch import (
    build_runner,
    leave_process_group,
    load_config,
)

__all__ = ['build_runner', 'leave_process_group', 'load_config']
