"""From a config file and a launcher to a runner."""

from __future__ import annotations

import atexit
import gc
import os
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import barrier, init_dist, is_distributed
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from torch.distributed.constants import default_pg_timeout
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from mmremix.apis.build_errors import build_errors_explained
from mmremix.apis.calm_runner import calm_runner
from mmremix.apis.check_keys import check_keys
from mmremix.apis.config_file import read_config
from mmremix.apis.config_shape import check_shape, complete
from mmremix.apis.config_text import with_ordered_text
from mmremix.apis.held_out import apply_held_out
from mmremix.apis.lost_worker import LostWorkerError, lost_workers_explained
from mmremix.apis.methods import apply_methods
from mmremix.apis.work_dir import (
    holds,
    release,
    testing_runner,
    training_runner,
)
from mmremix.engine import LoadedModalitiesHook, MethodHook, SignalHook
from mmremix.engine.unwrap import unwrap
from mmremix.engine.watch.setup_check_hook import refuse_sharding
from mmremix.evaluation import SubsetAccuracy
from mmremix.utils.errors import ConfigError
from mmremix.utils.process_group import group_timeout
from mmremix.utils.whole_files import make_folder


def load_config(
    path: str,
    *,
    cfg_options: Mapping[str, Any] | None = None,
    work_dir: str | None = None,
    launcher: str = 'none',
    trust: bool = True,
) -> Config:
    """Read a config; apply methods, ``held_out`` and what is given beside.

    Args:
        path: Config file, or the name of a shipped one
            (``'remix_demo_concat'``).
        cfg_options: ``{'optim_wrapper.optimizer.lr': 1e-4}``.
        work_dir: Wins over the config's; without either it is
            ``work_dirs/<config name>``.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        trust: Whether the config may run as Python wherever it lies. If not,
            one that lies with a run or with weights is only read, see
            :func:`~mmremix.utils.plain_config.config_from_file`.

    Returns:
        The config.

    Raises:
        ConfigError: If there is no such file or it cannot be read, for keys
            that are most likely misspelt (see
            :func:`~mmremix.apis.check_keys.check_keys`) and options that
            would change nothing; or if it is not trusted and more than plain
            values.
    """
    cfg = read_config(path, cfg_options, trust)
    check_keys(cfg)
    cfg.launcher = launcher
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs', Path(cfg.filename).stem))
    apply_methods(cfg)
    apply_held_out(cfg)
    return cfg


def build_runner(
    cfg: Config, *, training: bool = True, calm: bool = False
) -> Runner:
    """Build the runner of a config, with or without a GPU.

    mmengine's own launch code calls CUDA whatever the machine has. Without
    CUDA the process group is made here first, with gloo, which mmengine
    honours.

    Args:
        cfg: The config.
        training: Whether the runner may train. It then holds its work
            directory until it has trained, or until the process ends.
            One that may not writes into a folder of its own inside the work
            directory (named by the time), so that it can be used beside a
            training.
        calm: Whether to show on standard output, in place of all that
            mmengine says, what the run is and how far it is. The log file
            holds everything.

    Raises:
        ConfigError: If the config lacks a part, has unknown keys or a
            component that cannot be built, with the place; for what Remix
            does not work with: models that are
            sharded over the ranks, and runners with a strategy; and, as
            :class:`~mmremix.apis.WorkDirInUseError`, if another run is
            training in the work directory. Nothing is written there then.
    """
    check_keys(cfg)
    apply_methods(cfg)
    apply_held_out(cfg)
    check_shape(cfg, training=training)
    _refuse_unsupported(cfg)
    complete(cfg)
    timeout = group_timeout((cfg.get('env_cfg') or {}).get('dist_cfg'))
    if cfg.get('launcher', 'none') != 'none' and not torch.cuda.is_available():
        if not is_distributed():
            _init_gloo(cfg.launcher, timeout)
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
    runner_type = cfg.get('runner_type', 'Runner')
    if isinstance(runner_type, str):
        found = RUNNERS.get(runner_type)
        if found is None:
            raise ConfigError(
                f'runner_type={runner_type!r} is not registered. Leave it '
                "out for mmengine's Runner."
            )
        runner_type = found
    wrap = training_runner if training else testing_runner
    runner_type = wrap(runner_type)
    if calm:
        runner_type = calm_runner(runner_type)
    make_folder(cfg.work_dir, '--work-dir DIR')
    held = holds(cfg.work_dir)
    try:
        with build_errors_explained(cfg):
            runner = runner_type.from_cfg(with_ordered_text(cfg))
            if training:
                _check_served(runner)
            return runner
    except BaseException:
        if not held:
            release(cfg.work_dir)
        raise


def train(runner: Runner) -> None:
    """Train, and leave in good order when a signal stops the run.

    Raises:
        ConfigError: If a component cannot be built, or does not fit.
        LostWorkerError: If a worker of a data loader was ended from outside.
        SystemExit: With status 75 after a signal, see
            :class:`~mmremix.engine.SignalHook`.
    """
    try:
        with lost_workers_explained(runner.cfg):
            runner.train()
    except SystemExit:
        leave_process_group()
        raise
    except RuntimeError as error:
        hook = _signalled(runner, error)
        if hook is None:
            raise
        # A scheduler signals every process of a job: a worker of the loader
        # or another rank was faster. Nothing is half written.
        runner.logger.warning(
            f'Got {hook.request.name}; then: {error.__cause__ or error}. '
            f'Go on with --resume. Exit status {hook.exit_status}.'
        )
        raise SystemExit(hook.exit_status) from error
    leave_process_group()


def test(runner: Runner, subsets: bool = False) -> dict[str, float]:
    """Test.

    Modalities that the model's read-out leaves out are not loaded.

    Args:
        runner: The runner.
        subsets: Whether to measure the accuracy with every set of
            modalities too, see :class:`~mmremix.evaluation.SubsetAccuracy`.
            All are loaded then, once.

    Returns:
        The metrics.

    Raises:
        ConfigError: If a component cannot be built, or does not fit.
        LostWorkerError: If a worker of a data loader was ended from outside.
    """
    with (
        lost_workers_explained(runner.cfg),
        build_errors_explained(runner.cfg),
    ):
        runner.register_hook(LoadedModalitiesHook(subsets))
        if subsets:
            runner.test_evaluator.metrics.append(SubsetAccuracy())
        metrics: dict[str, float] = runner.test()
    return metrics


def leave_process_group() -> None:
    """End a distributed run in step.

    A rank that exits while another still uses the connection aborts it.
    """
    if is_distributed():
        barrier()
        torch.distributed.destroy_process_group()
        # The wrapped model still holds the group, whose threads must have
        # ended before Python does: one that then wants it aborts the process.
        atexit.register(gc.collect)


def _signalled(runner: Runner, error: RuntimeError) -> SignalHook | None:
    """The hook that has got a signal, which may be on its way still."""
    hooks = [h for h in runner.hooks if isinstance(h, SignalHook)]
    others_left = is_distributed() or isinstance(error, LostWorkerError)
    if not hooks or not others_left:
        return None
    time.sleep(1)
    return hooks[0] if hooks[0].request.made else None


def _refuse_unsupported(cfg: Config) -> None:
    wrapper = (cfg.get('model_wrapper_cfg') or {}).get('type', '')
    refuse_sharding(wrapper if isinstance(wrapper, str) else wrapper.__name__)
    runner_type = str(cfg.get('runner_type', 'Runner'))
    if cfg.get('strategy') or 'Flexible' in runner_type:
        raise ConfigError(
            f'runner_type={runner_type!r} with strategy='
            f'{cfg.get("strategy")}: the strategy wraps the model and writes '
            'its checkpoints itself, past the hooks that make resuming '
            "exact. Remove runner_type and strategy; mmengine's plain Runner "
            'trains on several GPUs with --launcher pytorch.'
        )


def _check_served(runner: Runner) -> None:
    """Methods know no epoch, and get no gradients, without their hook."""
    methods = list(getattr(unwrap(runner.model), 'methods', ()))
    if methods and not any(isinstance(h, MethodHook) for h in runner.hooks):
        raise ConfigError(
            f'The model has the methods {methods}, but nothing serves them. '
            'Write:\n'
            "    default_hooks = dict(methods=dict(type='MethodHook'))"
        )


def _share_cores(cfg: Config) -> None:
    """Leave cores to the loader's workers.

    Threads of torch that outnumber the free cores wait for each other in
    busy loops: on 2 cores that made steps many times slower.
    """
    processes = int(os.environ.get('LOCAL_WORLD_SIZE', '1'))
    cores = max((os.cpu_count() or 1) // processes, 1)
    workers = (cfg.get('train_dataloader') or {}).get('num_workers', 0)
    torch.set_num_threads(max(cores - workers, cores // 2, 1))


def _init_gloo(launcher: str, timeout: timedelta | None) -> None:
    if launcher == 'pytorch':
        # mmengine's init_dist would select a CUDA device.
        os.environ.setdefault('LOCAL_RANK', '0')
        limit = timeout or default_pg_timeout
        attempt = int(os.environ.get('TORCHELASTIC_RESTART_COUNT', '0'))
        if not attempt:
            torch.distributed.init_process_group('gloo', timeout=limit)
            return
        store, rank, size = next(rendezvous('env://', timeout=limit))
        # torchrun starts ranks again with the store that the dead ones left
        # their addresses in.
        torch.distributed.init_process_group(
            backend='gloo',
            store=PrefixStore(f'start_{attempt}', store),
            rank=rank,
            world_size=size,
            timeout=limit,
        )
    else:
        seconds = None if timeout is None else timeout.total_seconds()
        init_dist(launcher, backend='gloo', timeout=seconds)
