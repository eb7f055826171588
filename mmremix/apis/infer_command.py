"""What ``tools/infer.py`` does."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from mmremix.apis.av_inferencer import NO_COPY, AVInferencer
from mmremix.apis.clip_list import list_clips
from mmremix.apis.launch import load_config
from mmremix.utils.whole_files import write_whole
from mmremix.version import __version__
from mmremix.visualization.predictions import error_lines, prediction_table


def run(args: argparse.Namespace) -> int:
    """Predict, print the table and write the files.

    Args:
        args: Of ``tools/infer.py``.

    Returns:
        Exit status: 0 if at least one clip was predicted, else 1. Clips
        that could not be annotated are named and do not change it.

    Raises:
        ValueError: On arguments that do not fit, see also
            :class:`AVInferencer`.
    """
    clips = _without_copies(list_clips(args.clips), args)
    if args.audio and len(clips) > 1:
        raise ValueError(f'--audio is of one clip, {len(clips)} are given.')
    for key in ('audio', 'start', 'end'):
        if getattr(args, key) is not None:
            for clip in clips:
                clip[key] = getattr(args, key)
    inferencer = AVInferencer(
        load_config(
            args.config, cfg_options=args.cfg_options, trust=args.trust
        ),
        args.checkpoint,
        device=args.device,
        blank_is_missing=not args.keep_blank,
    )
    result = inferencer(
        clips,
        batch_size=args.batch_size,
        topk=args.topk,
        out_dir=args.annotate,
    )
    entries = result['predictions']
    print(prediction_table(entries, errors=False))
    predicted = sum(entry['error'] is None for entry in entries)
    if len(entries) > 1:
        print(f'\n{predicted} of {len(entries)} clips predicted')
    for path in filter(None, result['visualization']):
        print(f'-> {path}')
    if args.out_json:
        _write_json(args, inferencer, result)
        print(f'-> {args.out_json}')
    _list_failures(entries, predicted)
    if not predicted:
        print('error: no clip could be predicted', file=sys.stderr)
        return 1
    return 0


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


def _list_failures(entries: list[dict[str, Any]], predicted: int) -> None:
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
            f'warning: {len(failures)} of {predicted} predicted clips could '
            'not be annotated:\n' + '\n'.join(failures),
            file=sys.stderr,
        )


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
