"""What ``tools/data/pack.py`` does once its arguments are read."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2

from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.multimodal_dataset import MultimodalDataset
from mmremix.datasets.packing.annotation import check_column
from mmremix.datasets.packing.job import PackJob
from mmremix.datasets.packing.options import PackOptions
from mmremix.datasets.packing.packer import Job, is_done, pack_all
from mmremix.datasets.packing.plans import ClipPlan, TablePlan
from mmremix.datasets.table_dataset import TableDataset
from mmremix.datasets.transforms import Flow
from mmremix.registry import DATASETS
from mmremix.utils.config_paths import find_config
from mmremix.utils.errors import ConfigError
from mmremix.utils.plain_config import config_from_file
from mmremix.utils.whole_files import csv_bytes, write_whole

_FOLDER = 'packed'


def run(args: argparse.Namespace) -> int:
    """Pack a data set.

    Args:
        args: Of ``tools/data/pack.py``.

    Returns:
        Exit status: 1 if clips are broken and ``--on-broken`` is ``fail``.
    """
    names = [field.name for field in fields(PackOptions)]
    options = PackOptions(**{name: getattr(args, name) for name in names})
    check_column(args.column, options)
    dataset = build_dataset(args)
    if options.flow is not None and args.config is not None:
        check_flow(args, options)
    plan = (
        TablePlan(dataset, options, args.column)
        if isinstance(dataset, TableDataset)
        else ClipPlan(dataset, options, args.column)
    )
    jobs = plan.jobs
    print(f'{plan.num_rows} rows, {len(jobs)} clips or segments')
    folder = str(Path(args.out, _FOLDER))
    name = args.name or (args.dataset if args.config else None)
    ann_name = (name or Path(args.ann_file or 'all').stem) + plan.ending
    if args.dry_run:
        done = sum(is_done(job, options, folder) for job in jobs)
        gone = [p for j in jobs for p in j.sources if not os.path.exists(p)]
        print(
            f'would write {len(jobs) - done} copies to {folder} ({done} are '
            f'there) and {Path(args.out, ann_name)}; {len(gone)} sources are '
            f'missing {gone[:10] or ""}'
        )
        return 0
    os.makedirs(args.out, exist_ok=True)
    cv2.setNumThreads(1)  # the workers share the processors already
    report = pack_all(jobs, options, folder, workers=args.workers)
    print(report)
    _write_broken(Path(args.out, 'broken.csv'), report.broken)
    for job, reason in report.broken.items():
        print(f'broken: {job.name}: {reason}')
    if report.broken and args.on_broken == 'fail':
        print(
            f'{len(report.broken)} clips are broken, no annotation is '
            'written. Mend them and start again, or leave them out: '
            '--on-broken list'
        )
        return 1
    if len(report.broken) == len(jobs):
        raise BrokenMediaError('No clip could be packed, see broken.csv.')
    path = str(Path(args.out, ann_name))
    rows = plan.write(path, _FOLDER, report.broken)
    print(f'{path}: {rows} rows. In the data set of the config, write:')
    print(plan.lines(args.out, ann_name))
    return 0


def build_dataset(args: argparse.Namespace) -> MultimodalDataset:
    """Data set of the config or of the annotation, without a pipeline."""
    if args.config is not None:
        settings = _settings(args)
    else:
        settings = {
            'type': 'AVDataset',
            'ann_file': args.ann_file,
            'data_root': args.data_root,
            'data_prefix': {'clip': args.clip_prefix},
            'clip_suffix': args.clip_suffix,
            'columns': _pairs(args.columns),
            'filter_cfg': _pairs(args.filter) or None,
        }
    if args.margin is not None:
        settings['margin'] = args.margin
    if args.allow_outside:
        settings['allow_outside'] = True
    if settings['type'] == 'ArrayDataset':
        raise ConfigError(
            f'{args.config} has an ArrayDataset, whose rows are mapped from '
            'one file already: there is nothing to pack.'
        )
    # Missing files are among the broken ones.
    dataset = DATASETS.build(
        {**settings, 'pipeline': [], 'check_files': False}
    )
    if not isinstance(dataset, MultimodalDataset):
        raise TypeError(
            f'{type(dataset).__name__} is no MultimodalDataset, whose rows '
            'could be packed: name an AVDataset in the config.'
        )
    return dataset


def check_flow(args: argparse.Namespace, options: PackOptions) -> None:
    """Refuse flow that the config would not read but compute anew.

    Args:
        args: With ``config``.
        options: With ``flow``.

    Raises:
        ConfigError: If a ``Flow`` of its pipeline has another method, gap or
            bound, or a size.
    """
    kept = (options.flow, options.flow_gap, options.flow_bound)
    for step in _settings(args).get('pipeline') or ():
        for given in step.get('transforms') or ():
            if given.get('type') != 'Flow':
                continue
            wanted = Flow(**{k: v for k, v in given.items() if k != 'type'})
            if wanted.size is not None:
                raise ConfigError(
                    f'{args.config}: Flow has size={wanted.size}, so it '
                    'computes flow of scaled frames and reads none. Take '
                    f'size out, and scale here: --short-side '
                    f'{min(wanted.size)}'
                )
            if (wanted.method, wanted.gap, wanted.bound) != kept:
                raise ConfigError(
                    f'{args.config}: Flow has method={wanted.method!r}, '
                    f'gap={wanted.gap} and bound={wanted.bound}, and would '
                    'not read what is packed here. Write: --flow '
                    f'{wanted.method} --flow-gap {wanted.gap} --flow-bound '
                    f'{wanted.bound}'
                    if wanted.method != 'difference'
                    else f"{args.config}: Flow has method='difference', "
                    'which is not packed. Leave --flow out.'
                )


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """The data set of the config."""
    cfg = config_from_file(find_config(args.config), trust=True)
    if args.cfg_options:
        cfg.merge_from_dict(dict(args.cfg_options))
    loader = cfg.get(f'{args.dataset}_dataloader')
    if loader is None:
        raise ValueError(
            f'{args.config} has no {args.dataset}_dataloader: choose '
            '--dataset train, val or test.'
        )
    settings: dict[str, Any] = loader.dataset.to_dict()
    return settings


def _pairs(items: list[str]) -> dict[str, Any]:
    wrong = [item for item in items if '=' not in item]
    if wrong:
        raise ValueError(f'{wrong}: write KEY=VALUE.')
    return dict(item.split('=', 1) for item in items)


def _write_broken(path: Path, broken: Mapping[Job, str]) -> None:
    if not broken:
        path.unlink(missing_ok=True)  # of an earlier run
        return
    columns = ('clip', 'audio', 'start', 'end', 'reason')
    rows = [
        {**vars(job), 'audio': job.audio or '', 'reason': reason}
        if isinstance(job, PackJob)
        else {'clip': job.name, 'reason': reason}
        for job, reason in broken.items()
    ]
    write_whole(path, csv_bytes(columns, rows))
