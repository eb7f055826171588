"""From a config file and a launcher to a runner."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import barrier, init_dist, is_distributed
from mmengine.registry import RUNNERS
from mmengine.runner import Runner


def load_config(
    path: str,
    *,
    cfg_options: Mapping[str, Any] | None = None,
    work_dir: str | None = None,
    launcher: str = 'none',
) -> Config:
    """Read a config and apply what was given beside it.

    Args:
        path: Config file.
        cfg_options: ``{'optim_wrapper.optimizer.lr': 1e-4}``.
        work_dir: Wins over the config's; without either it is
            ``work_dirs/<config name>``.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.

    Returns:
        The config.
    """
    cfg = Config.fromfile(path)
    if cfg_options:
        cfg.merge_from_dict(dict(cfg_options))
    cfg.launcher = launcher
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs', Path(path).stem))
    return cfg


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a config, with or without a GPU.

    mmengine's own launch code calls CUDA whatever the machine has. Without
    CUDA the process group is made here first, with gloo, which mmengine
    honours.
    """
    if cfg.get('launcher', 'none') != 'none' and not torch.cuda.is_available():
        if not is_distributed():
            _init_gloo(cfg.launcher)
        cfg.setdefault(
            'model_wrapper_cfg',
            {
                'type': 'MMDistributedDataParallel',
                'device_ids': None,
                'broadcast_buffers': False,
                'find_unused_parameters': cfg.get(
                    'find_unused_parameters', False
                ),
            },
        )
    if not torch.cuda.is_available() and 'OMP_NUM_THREADS' not in os.environ:
        _share_cores(cfg)
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)


def leave_process_group() -> None:
    """End a distributed run in step.

    A rank that exits while another still uses the connection aborts it.
    """
    if is_distributed():
        barrier()
        torch.distributed.destroy_process_group()


def _share_cores(cfg: Config) -> None:
    """Leave cores to the loader's workers.

    Threads of torch that outnumber the free cores wait for each other in
    busy loops: on 2 cores that made steps many times slower.
    """
    processes = int(os.environ.get('LOCAL_WORLD_SIZE', '1'))
    cores = max((os.cpu_count() or 1) // processes, 1)
    workers = (cfg.get('train_dataloader') or {}).get('num_workers', 0)
    torch.set_num_threads(max(cores - workers, cores // 2, 1))


def _init_gloo(launcher: str) -> None:
    if launcher == 'pytorch':
        # mmengine's init_dist would select a CUDA device.
        os.environ.setdefault('LOCAL_RANK', '0')
        torch.distributed.init_process_group(backend='gloo')
    else:
        init_dist(launcher, backend='gloo')
