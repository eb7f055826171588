"""One run of a study: train, predict, and a record of both."""

from __future__ import annotations

import gc
import platform
import re
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from operator import ge
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmremix.apis.launch import build_runner, load_config, train
from mmremix.apis.unimodal import gather_encoders
from mmremix.apis.work_dir import WorkDirInUseError, release
from mmremix.engine.checkpoints.files import LAST
from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file
from mmremix.engine.scoring.loader import build_score_dataloader
from mmremix.engine.unwrap import recognizer
from mmremix.engine.watch.budget_hook import BudgetHook
from mmremix.models.heads_trained import heads_are_trained
from mmremix.study.plan import Task
from mmremix.study.predictions import (
    accuracies,
    predict,
    save_predictions,
)
from mmremix.study.records import (
    DIVERGED,
    DONE,
    FAILED,
    Record,
    dump,
    read_records,
)
from mmremix.study.stages import ENCODERS
from mmremix.utils.whole_files import write_whole

RECORD = 'record.json'
PREDICTIONS = 'predictions.npz'
BUSY = 'busy'
_LONGEST = 400  # characters of an error

_UNNEEDED = ('gradient_conflict', 'contribution', 'records')


def run_task(task: Task, again: bool = False) -> Record:
    """Train, unless that is done, and evaluate.

    What is there of an earlier attempt is gone on with; a run that has
    diverged would diverge again, so it starts anew.

    Args:
        task: The run.
        again: Whether it has failed or diverged before.

    Returns:
        Its record, which is in the work directory too. ``status`` says
        whether it is of a whole run: an error is no reason to stop a study.

    Raises:
        SystemExit: After a signal; the run goes on with the next call.
    """
    folder = Path(task.work_dir)
    before = _record_in(folder)
    if again and before.get('status') == DIVERGED:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    record: Record = dict(task.record)
    try:
        record |= _run(task)
        record['status'] = DONE
    except WorkDirInUseError:
        return {**record, 'status': BUSY}
    except Exception as error:
        traceback.print_exc()
        diverged = isinstance(error, FloatingPointError)
        record['status'] = DIVERGED if diverged else FAILED
        text = f'{type(error).__name__}: {error}'
        record['error'] = text.replace(str(folder), '')[:_LONGEST]
    finally:
        release(folder)
        _forget()
    record['finished'] = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
    write_whole(folder / RECORD, dump([record]).encode())
    if record['status'] == DONE and not task.keep:
        for path in folder.glob('*.pth'):
            if not (task.keep_encoder and path.name == ENCODERS):
                path.unlink()
        Path(folder, LAST).unlink(missing_ok=True)
    return record


def run_config(task: Task) -> Config:
    """The config of a run: quiet, and without what a study has no use for."""
    cfg = load_config(
        task.config, cfg_options=task.options, work_dir=task.work_dir
    )
    # Runs of one name that begin in the same second would share mmengine's
    # message hub.
    cfg.experiment_name = re.sub(r'\W+', '_', task.work_dir).strip('_')
    cfg.resume = True
    folder = Path(task.work_dir)
    if task.needs and not any(folder.glob('epoch_*.pth')):
        files = {n: Path(f, ENCODERS) for n, f in task.needs.items()}
        gather_encoders(files, folder / ENCODERS)
        cfg.resume, cfg.load_from = False, str(folder / ENCODERS)
    cfg.visualizer = {'type': 'Visualizer', 'vis_backends': []}
    hooks = dict(cfg.get('default_hooks') or {})
    for name in _UNNEEDED:
        hooks.pop(name, None)
    hooks['logger'] = {'type': 'LoggerHook', 'interval': 1000}
    hooks['budget'] = {'type': 'BudgetHook'}
    hooks['checkpoint'] = {
        'type': 'SafeCheckpointHook',
        'interval': task.checkpoint_interval,
        'save_last': True,
        'max_keep_ckpts': 1,
        **(
            {'save_best': task.choose_by, 'rule': 'greater'}
            if task.choose_by
            else {}
        ),
    }
    cfg.default_hooks = hooks
    for name in ('train', 'val', 'test'):
        loader = cfg.get(f'{name}_dataloader')
        if loader is not None:
            loader.num_workers = task.num_workers
            loader.persistent_workers = task.num_workers > 0
            if not task.num_workers:
                loader.pop('prefetch_factor', None)
    return cfg


def _run(task: Task) -> Record:
    cfg = run_config(task)
    runner = build_runner(cfg)
    for hook in runner.hooks:
        if task.choose_by and isinstance(hook, CheckpointHook):
            # Few held-out samples are often level, at 1.0 as well: the first
            # epoch of several would be one that is hardly trained.
            hook.is_better_than = dict.fromkeys(hook.is_better_than, ge)
    train(runner)
    folder = Path(task.work_dir)
    best, epoch = _best(folder) if task.choose_by else _last(folder, runner)
    model = recognizer(runner, 'tools/study.py')
    state = load_checkpoint_file(str(best), map_location='cpu')
    model.load_state_dict(state['state_dict'])
    budget = next(h for h in runner.hooks if isinstance(h, BudgetHook)).spent
    loaders = {
        'held_out': runner.val_dataloader,
        'test': runner.test_dataloader,
        'train': build_score_dataloader(
            runner, None, asked_by='tools/study.py'
        ),
    }
    found = {
        name: predict(model, loader, task.group if name != 'train' else None)
        for name, loader in loaders.items()
    }
    save_predictions(Path(task.work_dir, PREDICTIONS), found)
    if task.keep_encoder:
        files = dict.fromkeys(model.modalities, best)
        gather_encoders(files, Path(task.work_dir, ENCODERS))
    spent = {
        'steps': budget.steps,
        'passes': dict(budget.passes),
        'seconds': round(budget.seconds, 2),
    }
    accuracy, pool = accuracies(
        model.modalities, found, heads_are_trained(model)
    )
    return {
        'device': _device(model),
        'epochs': runner.max_epochs,
        'epoch': epoch,
        **(_with_predecessors(spent, task) if task.needs else spent),
        'n_train': len(found['train'].labels),
        'n_held_out': len(found['held_out'].labels),
        'n_test': len(found['test'].labels),
        'n_classes': model.num_classes,
        'modalities': list(model.modalities),
        'accuracy': accuracy,
        **({'pool': pool} if pool else {}),
    }


def _with_predecessors(spent: Record, task: Task) -> Record:
    """What a run has cost, with the runs that it started from."""
    found = [_record_in(Path(folder)) for folder in task.needs.values()]
    passes: Counter[str] = Counter(spent['passes'])
    for record in found:
        passes.update(record['passes'])
    return {
        'steps': spent['steps'] + sum(r['steps'] for r in found),
        'passes': dict(passes),
        'seconds': round(
            spent['seconds'] + sum(r['seconds'] for r in found), 2
        ),
        'own': spent,
    }


def _best(folder: Path) -> tuple[Path, int]:
    """The checkpoint that was chosen, and its epoch."""
    found = {
        path: int(match[1])
        for path in folder.glob('best_*.pth')
        if (match := re.search(r'_epoch_(\d+)$', path.stem))
    }
    if not found:
        raise RuntimeError(
            f'{folder} has no best checkpoint: nothing was validated.'
        )
    # Two only if a run was killed between writing one and removing another.
    path = max(found, key=lambda p: found[p])
    return path, found[path]


def _last(folder: Path, runner: Runner) -> tuple[Path, int]:
    """The checkpoint of the last epoch, and its number."""
    return Path(Path(folder, LAST).read_text().strip()), runner.max_epochs


def _record_in(folder: Path) -> Mapping[str, Any]:
    records = read_records(folder / RECORD)
    return records[0] if records else {}


def _device(model: torch.nn.Module) -> str:
    device = next(model.parameters()).device
    if device.type == 'cuda':
        return torch.cuda.get_device_name(device)
    return f'{device.type} {platform.machine()}'


def _forget() -> None:
    """Close and drop the loggers and hubs that mmengine keeps by name."""
    for logger in MMLogger._instance_dict.values():
        for handler in getattr(logger, 'handlers', ()):
            handler.close()
    for manager in (MMLogger, Visualizer, MessageHub, DefaultScope):
        manager._instance_dict.clear()
    gc.collect()


__all__ = ['BUSY', 'PREDICTIONS', 'RECORD', 'run_config', 'run_task']
