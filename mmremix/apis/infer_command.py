"""What ``tools/infer.py`` does."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from mmremix.apis.annotated_copies import NO_COPY
from mmremix.apis.av_inferencer import AVInferencer
from mmremix.apis.clip_list import list_clips
from mmremix.apis.launch import load_config
from mmremix.apis.load_model import inference_dataset
from mmremix.apis.row_pipeline import ALL, has_rows
from mmremix.utils.whole_files import write_whole
from mmremix.version import __version__
from mmremix.visualization.predictions import error_lines, prediction_table


def run(args: argparse.Namespace) -> int:
    """Predict, print the table and write the files.

    Args:
        args: Of ``tools/infer.py``.

    Returns:
        Exit status: 0 if all that was asked for was done, 1 if a clip or
        row could not be predicted, or a clip not annotated. Those are named
        at the end; they stop no other.

    Raises:
        ValueError: On arguments that do not fit, see also
            :class:`AVInferencer`.
    """
    cfg = load_config(
        args.config, cfg_options=args.cfg_options, trust=args.trust
    )
    inputs = _wanted(args, has_rows(inference_dataset(cfg)))
    inferencer = AVInferencer(
        cfg,
        args.checkpoint,
        device=args.device,
        blank_is_missing=not args.keep_blank,
    )
    result = inferencer(
        inputs,
        batch_size=args.batch_size,
        topk=args.topk,
        out_dir=args.annotate,
    )
    entries = result['predictions']
    print(prediction_table(entries, errors=False))
    predicted = sum(entry['error'] is None for entry in entries)
    kind = 'clip' if args.clips else 'row'
    if len(entries) > 1:
        print(f'\n{predicted} of {len(entries)} {kind}s predicted')
    for path in filter(None, result['visualization']):
        print(f'-> {path}')
    if args.out_json:
        _write_json(args, inferencer, result)
        print(f'-> {args.out_json}')
    return _list_failures(entries, predicted, kind)


def _wanted(args: argparse.Namespace, rows: bool) -> list[Any]:
    """The clips, or the rows, that are asked for."""
    if not rows:
        if args.rows:
            raise ValueError(
                '--rows is of configs that test on an ArrayDataset or a '
                'TableDataset, and this one tests on clips: name files.'
            )
        clips = _without_copies(list_clips(args.clips), args)
        if args.audio and len(clips) > 1:
            raise ValueError(
                f'--audio is of one clip, {len(clips)} are given.'
            )
        for key in ('audio', 'start', 'end'):
            if getattr(args, key) is not None:
                for clip in clips:
                    clip[key] = getattr(args, key)
        return clips
    if args.clips:
        raise ValueError(
            f'{args.clips[0]}: the config tests on rows of arrays or of a '
            'table, not on clips. Name rows: --rows 0 5, or --rows all; of '
            'another file with --cfg-options '
            'test_dataloader.dataset.ann_file=...'
        )
    of_clips = ('audio', 'start', 'end', 'annotate')
    for key in of_clips:
        if getattr(args, key) is not None:
            raise ValueError(
                f'--{key} is of clips, and the config tests on rows of '
                'arrays or of a table. Leave it out.'
            )
    if args.rows == [ALL]:
        return [ALL]
    try:
        return [int(row) for row in args.rows]
    except ValueError:
        raise ValueError(
            f'--rows {" ".join(args.rows)}: write numbers, or all.'
        ) from None


def _without_copies(
    clips: list[dict[str, Any]], args: argparse.Namespace
) -> list[dict[str, Any]]:
    """The clips but for annotated copies of an earlier run among them."""
    if args.annotate is None:
        return clips
    folder = Path(args.annotate).resolve()
    # Named by the user, they are clips.
    named = {Path(path).resolve() for path in args.clips}
    above = {Path(path) for path in named if folder.is_relative_to(path)}
    if not above - {folder}:
        return clips
    kept = [
        clip
        for clip in clips
        if not Path(clip['clip']).resolve().is_relative_to(folder)
    ]
    if kept and len(kept) < len(clips):
        print(
            f'{len(clips) - len(kept)} clips in {args.annotate} are left '
            'out: annotated copies go there'
        )
        return kept
    return clips


def _list_failures(
    entries: list[dict[str, Any]], predicted: int, kind: str
) -> int:
    """Last, where they are seen: what went wrong, clip by clip."""
    lines = error_lines(entries)
    if lines:
        print('\n' + '\n'.join(lines))
    failures = [
        f'  {entry["clip"]}: {note.removeprefix(NO_COPY)}'
        for entry in entries
        for note in entry['notes']
        if note.startswith(NO_COPY)
    ]
    if failures:
        sys.stdout.flush()
        print(
            f'error: {len(failures)} of {predicted} predicted clips could '
            'not be annotated:\n' + '\n'.join(failures),
            file=sys.stderr,
        )
    lost = len(entries) - predicted
    if not predicted:
        print(f'error: no {kind} could be predicted', file=sys.stderr)
    elif lost:
        print(
            f'error: {lost} of {len(entries)} {kind}s could not be predicted',
            file=sys.stderr,
        )
    return 1 if lost or failures else 0


def _write_json(
    args: argparse.Namespace, inferencer: AVInferencer, result: dict[str, Any]
) -> None:
    copies = result['visualization']
    content = {
        'mmremix': __version__,
        'config': args.config,
        'checkpoint': os.fspath(args.checkpoint),
        'classes': inferencer.classes,
        'modalities': list(inferencer.model.modalities),
        'predictions': [
            {**entry, 'annotated': copy}
            for entry, copy in zip(result['predictions'], copies, strict=True)
        ],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    write_whole(args.out_json, f'{text}\n'.encode())
