"""Choose the read-out of a run's checkpoints by held-out samples."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import barrier, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner, load_state_dict

from mmremix.datasets import MultimodalDataset
from mmremix.engine.checkpoints.files import LAST
from mmremix.engine.checkpoints.safe_checkpoint_hook import SafeCheckpointHook
from mmremix.engine.checkpoints.safe_loading import load_checkpoint_file
from mmremix.engine.readouts.log_probs import HeldOut, held_out_log_probs
from mmremix.engine.readouts.separate import check_separate
from mmremix.engine.unwrap import recognizer
from mmremix.evaluation.readouts import Readout, choose, fit_pool
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError
from mmremix.utils.whole_files import write_whole

KEY = 'readout'
"""Key of a checkpoint: why its read-out was chosen, in plain values."""

EVIDENCE = 'readout.json'
"""The same in the work directory, by checkpoint."""

PREFIX = 'readout.'
"""Of the keys of the weights."""

KINDS = ('subset', 'pool')


@HOOKS.register_module()
class ReadoutHook(Hook):
    """At the end of training, choose by whom the model is read out.

    Of the newest and of the best checkpoint, each by itself: the model
    predicts the held-out samples once, a read-out is chosen
    (:func:`~mmremix.evaluation.readouts.choose`) or fitted
    (:func:`~mmremix.evaluation.readouts.fit_pool`), and the file is written
    again with its weights and, under the key ``readout``, with the accuracy
    of every candidate. The run and its other checkpoints stay as they are.

    Example::

        custom_hooks = [dict(type='ReadoutHook', choose='subset',
                             by='subject')]

    The validation set must be held out: samples that are neither trained on
    nor tested on. The best checkpoint is chosen by the same samples; its
    figures are therefore a little too good.

    Args:
        choose: ``'subset'``: the fused head, or the sum of the heads of some
            modalities. ``'pool'``: fitted weights of all heads.
        on: ``'val'``, the samples of ``val_dataloader``.
        by: Column of the annotation, such as the speaker. Accuracy is
            averaged over its values. ``None`` averages over samples.

    Raises:
        ConfigError: On another option, if the model's config names a
            read-out already, or if the validation set is not held out.
    """

    takes_multi_label = False

    priority = 'LOWEST'

    def __init__(
        self, choose: str = 'subset', on: str = 'val', by: str | None = None
    ) -> None:
        if choose not in KINDS or on != 'val':
            raise ConfigError(
                f'ReadoutHook: choose is one of {KINDS} and on is '
                f"'val', got choose={choose!r}, on={on!r}. A read-out "
                'that is chosen on the test set says nothing about it. '
                "Write: dict(type='ReadoutHook', choose='subset', on='val')"
            )
        self.choose = choose
        self.by = by

    def before_train(self, runner: Runner) -> None:
        """Refuse samples that are not held out, before hours are lost."""
        model = recognizer(runner, 'ReadoutHook')
        if model.readout.fixed:
            raise ConfigError(
                f'model.readout is {model.readout.weights}, and ReadoutHook '
                'is to choose another. Leave one of them out: '
                'model=dict(readout=None)'
            )
        if runner.val_loop is None:
            raise ConfigError(
                'ReadoutHook needs held-out samples, and there is no '
                f'validation set. {HELD_OUT_LINES}'
            )
        check_separate(runner, HELD_OUT_LINES)
        groups_of(runner.val_loop.dataloader.dataset, self.by)

    def after_train(self, runner: Runner) -> None:
        """Choose for each checkpoint that will be used."""
        model = recognizer(runner, 'ReadoutHook')
        files = checkpoint_files(runner)
        if not files:
            runner.logger.warning(
                'ReadoutHook: there is no checkpoint of this run to choose a '
                'read-out for.'
            )
            return
        kept = {k: v.clone() for k, v in model.state_dict().items()}
        loader = runner.val_loop.dataloader
        groups = groups_of(loader.dataset, self.by)
        found = {}
        for path in files:
            content = load_checkpoint_file(str(path), map_location='cpu')
            model.readout.set({})
            load_state_dict(model, _weights(content))
            # An iterator of the loader draws a number for its workers.
            with torch.random.fork_rng(devices=[]):
                held = held_out_log_probs(model, loader)
            evidence = self.evidence(held, groups)
            evidence['epoch'] = (content.get('meta') or {}).get('epoch')
            found[path.name] = evidence
            runner.logger.info(f'{path.name}: {_told(evidence)}')
            if is_main_process():
                store_readout(content, evidence, path)
            barrier()
        if is_main_process():
            write_evidence(found, runner.work_dir)
        load_state_dict(model, kept)

    def evidence(
        self, held: HeldOut, groups: list[str] | None
    ) -> dict[str, Any]:
        """Choose, and say why, in plain values."""
        given = None if groups is None else [groups[i] for i in held.rows]
        return choose_by(
            self.choose, held.log_probs, held.labels, given, self.by
        )


HELD_OUT_LINES = (
    "Hold a part of the training samples out: held_out=dict(by='subject', "
    'folds=5, fold=0), or name another annotation: '
    "val_dataloader=dict(dataset=dict(ann_file='val.csv'))"
)


def choose_by(
    kind: str,
    log_probs: dict[str, np.ndarray],
    labels: np.ndarray,
    groups: list[str] | None,
    by: str | None,
) -> dict[str, Any]:
    """Choose or fit a read-out.

    Returns:
        As :meth:`~mmremix.evaluation.readouts.Choice.plain`, with
        ``choose`` and ``by``. A pool is judged beside the others by the
        samples that it was fitted to, which is said by ``fitted_to_these``.
    """
    choice = choose(log_probs, labels, groups)
    found = {'choose': kind, 'by': by, **choice.plain()}
    if kind == 'pool':
        own = {k: v for k, v in log_probs.items() if k != 'fusion'}
        pool = fit_pool(own, labels, groups)
        fused = Readout('fusion', {'fusion': 1.0})
        judged = choose(log_probs, labels, groups, among=[fused, pool])
        for key in ('accuracy', 'interval', 'gain'):
            found[key]['pool'] = judged.plain()[key]['pool']
        found.update(name='pool', weights=pool.weights, fitted_to_these=True)
    return found


def store_readout(
    content: dict[str, Any], evidence: dict[str, Any], path: Path
) -> None:
    """Write a checkpoint with a read-out in place of the one it has.

    Args:
        content: Of the checkpoint; changed in place.
        evidence: Its ``name`` and ``weights``, and what else is known.
        path: File to write.
    """
    state = content['state_dict']
    for key in [key for key in state if key.startswith(PREFIX)]:
        del state[key]
    for name, weight in evidence['weights'].items():
        if weight:
            state[f'{PREFIX}weight_{name}'] = torch.tensor(
                float(weight), dtype=torch.float64
            )
    content[KEY] = evidence
    stream = io.BytesIO()
    torch.save(content, stream)
    write_whole(path, stream.getvalue())


def write_evidence(found: dict[str, Any], folder: str | Path) -> Path:
    """Write what was chosen, and why, as JSON."""
    path = Path(folder, EVIDENCE)
    write_whole(path, f'{json.dumps(found, indent=2)}\n'.encode())
    return path


def checkpoint_files(runner: Runner) -> list[Path]:
    """The newest checkpoint of a run, and its best ones."""
    hooks = [h for h in runner.hooks if isinstance(h, SafeCheckpointHook)]
    names: list[Any] = []
    for hook in hooks:
        names += [hook.last_ckpt, getattr(hook, 'best_ckpt_path', None)]
        names += getattr(hook, 'best_ckpt_path_dict', {}).values()
    last = Path(runner.work_dir, LAST)
    if last.is_file():
        names.append(last.read_text(encoding='utf-8').strip())
    paths = dict.fromkeys(Path(name) for name in names if name)
    return [path for path in paths if path.is_file()]


def groups_of(dataset: Any, by: str | None) -> list[str] | None:
    """Value of a column for each sample of a data set.

    Raises:
        ConfigError: If there is no such column.
    """
    if by is None:
        return None
    if not isinstance(dataset, MultimodalDataset):
        raise ConfigError(
            f'ReadoutHook: by={by!r} needs a validation set that derives '
            f'from MultimodalDataset, not {type(dataset).__name__}. Write: '
            "dict(type='ReadoutHook', by=None)"
        )
    return [str(value) for value in dataset.column(by)]


def _weights(content: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in content['state_dict'].items()
        if not key.startswith(PREFIX)
    }


def _told(evidence: dict[str, Any]) -> str:
    name, accuracy = evidence['name'], evidence['accuracy']
    low, high = evidence['interval'][name]
    over = f'{evidence["samples"]} held-out samples'
    if evidence['groups'] is not None:
        over += f', averaged over {evidence["groups"]} of {evidence["by"]!r}'
    others = ', '.join(f'{n} {a:.3f}' for n, a in accuracy.items())
    return (
        f'read out by {name}: {accuracy[name]:.3f} '
        f'[{low:.3f}, {high:.3f}] of {over} ({others})'
    )
