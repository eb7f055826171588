"""Train a model: ``python tools/train.py configs/remix_demo_concat.py``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mmremix.utils.cli import (
    add_config_arguments,
    errors_as_messages,
    parse_args,
)
from mmremix.utils.errors import ConfigError

if TYPE_CHECKING:
    from mmengine.config import Config


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description='Train a model.')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='resume from this checkpoint; without a value, from the latest '
        'in the work directory',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train in mixed precision: float16 on GPUs, else bfloat16',
    )
    parser.add_argument(
        '--no-validate', action='store_true', help='do not validate'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the total batch size',
    )
    parser.add_argument('--seed', type=int, help='random seed')
    parser.add_argument(
        '--deterministic',
        action='store_true',
        help='deterministic algorithms only',
    )
    add_config_arguments(parser)
    return parser


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the flags; they win over the config and --cfg-options."""
    if args.no_validate:
        for key in ('val_cfg', 'val_dataloader', 'val_evaluator'):
            cfg[key] = None
        # There is nothing to choose a best checkpoint by.
        checkpoint = (cfg.get('default_hooks') or {}).get('checkpoint')
        if checkpoint:
            checkpoint.save_best = None
    if args.amp:
        from torch.cuda import is_available

        if is_available():
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
        else:
            cfg.optim_wrapper.type = 'BFloat16OptimWrapper'
    if args.auto_scale_lr:
        if not (cfg.get('auto_scale_lr') or {}).get('base_batch_size'):
            raise ConfigError(
                '--auto-scale-lr needs the batch size that the learning rate '
                'is for. Write in the config: '
                'auto_scale_lr = dict(enable=False, base_batch_size=64)'
            )
        cfg.auto_scale_lr.enable = True
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    randomness = dict(cfg.get('randomness') or {})
    if args.seed is not None:
        randomness['seed'] = args.seed
    if args.deterministic:
        randomness['deterministic'] = True
    cfg.randomness = randomness


def main() -> None:
    args = parse_args(build_parser())
    # After parsing, so that --help answers at once.
    from mmremix.apis import build_runner, load_config, train
    from mmremix.datasets.media import BrokenMediaError

    with errors_as_messages(BrokenMediaError):
        cfg = load_config(
            args.config,
            cfg_options=args.cfg_options,
            work_dir=args.work_dir,
            launcher=args.launcher,
        )
        merge_args(cfg, args)
        train(build_runner(cfg, calm=not args.verbose))


if __name__ == '__main__':
    main()
