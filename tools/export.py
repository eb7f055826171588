"""Export a trained model, all modalities in, probabilities out.

.. code-block:: shell

    python tools/export.py --config configs/remix_demo_concat.py \
        --checkpoint work_dirs/remix_demo_concat/epoch_16.pth --out model.pt2

The file needs torch alone to run (with --format onnx, an ONNX runtime). It is
compared with the original on random inputs, also after it was written. A model
card is written beside it.
"""

from __future__ import annotations

import argparse
import pickle

from mmremix.utils.cli import (
    add_cfg_options,
    add_model,
    add_trust,
    errors_as_messages,
)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add_model(parser)
    add('--out', required=True, help='file to write, .pt2 or .onnx')
    add(
        '--format',
        choices=['torch', 'onnx'],
        default='torch',
        help='onnx needs the packages onnx and onnxscript',
    )
    add(
        '--clip',
        help='take the sizes of inputs from this clip; those '
        'of arrays and tables are known',
    )
    add('--audio', help='its sound, if that is in another file')
    add('--start', type=float, help='seconds, of its segment')
    add('--end', type=float, help='seconds, of its segment')
    add_trust(parser)
    add_cfg_options(parser)
    return parser


def main() -> None:
    parser = build_parser()
    args = parser.parse_args()
    keys = ('clip', 'audio', 'start', 'end')
    clip = {k: v for k in keys if (v := getattr(args, k)) is not None}
    if clip and not args.clip:
        parser.error('--audio, --start and --end need --clip')
    # After parsing, so that --help answers at once.
    from mmremix.apis import load_config
    from mmremix.apis.export import export_model

    with errors_as_messages(
        *(ImportError, OSError, RuntimeError, TypeError, ValueError),
        pickle.UnpicklingError,
    ):
        report = export_model(
            load_config(
                args.config, cfg_options=args.cfg_options, trust=args.trust
            ),
            args.checkpoint,
            args.out,
            args.format,
            clip or None,
        )
    for name, facts in report.info['inputs'].items():
        print(f'input {name}: {facts["dtype"]} {facts["shape"]}')
    print(f'outputs: {", ".join(report.info["outputs"])} (probabilities)')
    for when, value in report.differences.items():
        print(f'largest difference {when}: {value:.1e}')
    if 'after loading' not in report.differences:
        print('the file was not run: pip install onnxruntime to have it run')
    print(f'-> {report.path}')
    print(f'-> {report.card}')


if __name__ == '__main__':
    main()
