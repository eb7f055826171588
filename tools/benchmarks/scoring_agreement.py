"""Whether cheaper scoring passes decide like the plain one.

    python tools/benchmarks/scoring_agreement.py CONFIG CHECKPOINT

Scores the training samples of a config with a trained model under each
option of the scoring pass, and compares the assignments with those of the
plain pass in float32. Seconds include decoding, except for the second pass
of the cache.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from typing import Any

from mmengine.runner import load_checkpoint
from scoring_choices import RECOMMENDED, SCORING
from torch.utils.data import DataLoader

from mmremix.apis import build_runner, load_config
from mmremix.engine import ScoreTable, ScoringOptions
from mmremix.engine.scoring.loader import build_score_dataloader
from mmremix.engine.scoring.scores import ScoringPass
from mmremix.remix import assign
from mmremix.utils.cli import add_config_arguments, parse_args

RECHECK = f'{RECOMMENDED} recheck 0.05'
OPTIONS: dict[str, dict[str, Any]] = {
    # In float32 first: the others are compared with it.
    **SCORING,
    'fp32 again': {},
    RECHECK: {**SCORING[RECOMMENDED], 'recheck': 0.05},
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    add_config_arguments(parser)
    return parser


def main() -> None:
    args = parse_args(build_parser())
    cfg = load_config(
        args.config, cfg_options=args.cfg_options, work_dir=args.work_dir
    )
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = args.work_dir or folder
        cfg.log_level = 'WARNING'
        runner = build_runner(cfg, training=False)
        model = runner.model
        load_checkpoint(model, args.checkpoint, map_location='cpu')
        modalities = runner.train_dataloader.dataset.modalities
        plain: ScoreTable | None = None

        def compare(
            name: str, loader: DataLoader[Any], options: dict[str, Any]
        ) -> ScoreTable:
            start = time.perf_counter()
            table = ScoringPass(
                loader, modalities, ScoringOptions(**options)
            ).run(model)
            seconds = time.perf_counter() - start
            first = plain or table
            same = (assign(table.scores) == assign(first.scores)).float()
            change = (table.scores - first.scores).abs().max()
            print(
                f'{name:<40}{seconds:8.2f}{table.rechecked:8}'
                f'{same.mean():12.4f}{change:16.2e}'
            )
            return table

        print(
            f'{"":<40}{"s":>8}{"twice":>8}{"agreement":>12}'
            f'{"largest change":>16}'
        )
        loader = build_score_dataloader(runner, None)
        for name, options in OPTIONS.items():
            table = compare(name, loader, options)
            plain = plain or table
        for kind in ('float32', 'float16'):
            cached = build_score_dataloader(
                runner, None, {'directory': folder, 'float_type': kind}
            )
            compare(f'cache {kind}, first pass', cached, {})
            compare(f'cache {kind}, later pass', cached, {})
        for name in (RECOMMENDED, RECHECK):
            compare(f'cache, {name}', cached, OPTIONS[name])
        assert plain is not None, 'OPTIONS is empty'
        print(
            f'{len(plain.scores)} samples; shares '
            + ', '.join(
                f'{n} {(assign(plain.scores) == k).float().mean():.3f}'
                for k, n in enumerate(modalities)
            )
        )


if __name__ == '__main__':
    main()
