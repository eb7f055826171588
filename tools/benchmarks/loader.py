"""CPU time to load a sample, by what of it is needed and by which reader.

.. code-block:: shell

    python tools/benchmarks/loader.py --json loader.json
    python tools/benchmarks/loader.py --config configs/remix_grid_concat.py \
        --clips data/grid_s1/clips
    python tools/benchmarks/loader.py --config configs/remix_grid_concat.py \
        --own-data --num 64

Loads .mp4 clips with the pipelines of a config: joint, audio-only and
video-only training items and scoring items, from the clips and from packed
copies (of both streams, or of the sound alone at the rate that is read); and
the same number and size of frames with mmaction2's PyAV and decord pipelines
(no sound, which mmaction2 does not read from videos). By
default from made-up clips of CREMA-D's size: 480x360, 30 fps, 2.5 s, H.264,
AAC 44.1 kHz.

CPU milliseconds per sample, of all threads and workers; all ways in turn
within a round; medians over the rounds. One torch and no OpenCV thread.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    config = ROOT / 'configs' / 'remix_cremad_concat.py'
    add('--config', default=str(config), help='whose pipelines to use')
    add('--clips', help='folder of clips, read whole')
    add(
        '--own-data',
        action='store_true',
        help='training samples of the config, with their segments',
    )
    add('--num', type=int, default=24, help='clips')
    add('--rounds', type=int, default=7, help='of all ways in turn')
    add(
        '--workers',
        type=int,
        nargs='*',
        default=[0, 1, 2],
        help='of data loaders to time; none leaves these out',
    )
    add('--batch-size', type=int, default=8)
    add('--size', type=int, nargs=2, default=[480, 360], help='made-up clips')
    add('--seconds', type=float, default=2.5, help='made-up clips')
    add('--short-side', type=int, default=256, help='of packed copies')
    add('--fps', type=float, default=10, help='of packed copies')
    add('--json', help='file for the figures')
    add('--quick', action='store_true', help='8 clips, 3 rounds, 1 worker')
    return parser


def find_samples(args: Any, cfg: Any, folder: Path) -> list[dict[str, Any]]:
    """Clip, label and, where the annotation has them, start and end."""
    from loader_clips import write_clips

    from mmremix.registry import DATASETS

    if args.own_data:
        dataset = DATASETS.build({**cfg.train_dataloader.dataset})
        step = max(1, len(dataset) // args.num)
        infos = [
            dataset.get_data_info(i) for i in range(0, len(dataset), step)
        ]
        keys = ('clip', 'audio', 'label', 'start', 'end')
        samples = [{k: i[k] for k in keys if k in i} for i in infos]
        return samples[: args.num]
    source = Path(args.clips) if args.clips else folder / 'made_up'
    if not args.clips:
        source.mkdir()
        write_clips(source, args.num, tuple(args.size), args.seconds)
    files = sorted(p for p in source.iterdir() if p.is_file())[: args.num]
    if not files:
        raise SystemExit(f'--clips {source}: no files there')
    return [{'clip': str(path), 'label': 0} for path in files]


def find_ways(
    args: Any,
    cfg: Any,
    samples: list[dict[str, Any]],
    folder: Path,
    fps: float,
) -> dict[str, Any]:
    """All ways by name."""
    from loader_clips import pack
    from loader_report import DECORD, PYAV, SOUND
    from loader_ways import mmaction_way, own_ways

    from mmremix.datasets.packing import PackOptions

    train = cfg.train_dataloader.dataset.pipeline
    test = cfg.val_dataloader.dataset.pipeline
    ways: dict[str, Any] = dict(own_ways(samples, train, test))
    for name in ('array', 'clip'):
        options = PackOptions(
            format=name, short_side=args.short_side, fps=args.fps
        )
        packed = pack(samples, options, str(folder / name))
        for item, way in own_ways(packed, train, test).items():
            ways[f'{item}, packed as {name}'] = way
    rate = next(
        t['transforms'][0].get('sample_rate')
        for t in train
        if t.get('modality') == 'audio'
    )
    options = PackOptions(modalities=('audio',), sample_rate=rate)
    sound = pack(samples, options, str(folder / 'sound'))
    for sample, copy in zip(samples, sound, strict=True):
        copy.update(clip=sample['clip'], audio=copy['clip'])
    for item, way in own_ways(sound, train, test).items():
        ways[item + SOUND] = way
    ways[PYAV] = mmaction_way(samples, train, 'PyAV', fps)
    if importlib.util.find_spec('decord'):
        ways[DECORD] = mmaction_way(samples, train, 'Decord', fps)
    else:
        print('decord is not installed: left out')
    return ways


def main(argv: list[str] | None = None) -> None:
    args = build_parser().parse_args(argv)
    if args.quick:
        args.num, args.rounds = min(args.num, 8), min(args.rounds, 3)
        args.workers = [n for n in args.workers if n < 2]
    # After parsing, so that --help answers at once.
    import cv2
    import torch
    from loader_clips import describe
    from loader_measure import measure, measure_workers
    from loader_report import ITEMS, PYAV, ratios, show, summary
    from loader_ways import check_same_frames
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    import mmremix  # registers everything

    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    cfg = Config.fromfile(args.config)
    init_default_scope('mmremix')
    with tempfile.TemporaryDirectory() as folder:
        samples = find_samples(args, cfg, Path(folder))
        first = describe(samples[0]['clip'])
        ways = find_ways(args, cfg, samples, Path(folder), first['fps'])
        workers = measure_workers(
            ways, (*ITEMS, PYAV), args.workers, args.batch_size, args.rounds
        )
        shape = check_same_frames(ways['video'], ways[PYAV])
        times = measure(ways, args.rounds)
    figures = {
        'clips': {
            'config': Path(args.config).stem,
            'clips': len(samples),
            'segments': 'start' in samples[0],
            **first,
            'frames': list(shape),
            'rounds': args.rounds,
        },
        'versions': {
            'mmremix': mmremix.__version__,
            'torch': torch.__version__,
        },
        'cpu_ms': summary(times),
        'ratios': ratios(times),
        'workers': workers,
    }
    show(figures)
    if args.json:
        Path(args.json).write_text(json.dumps(figures, indent=2) + '\n')


if __name__ == '__main__':
    main()
