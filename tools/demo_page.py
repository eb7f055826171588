"""Ask a trained model about clips, or rows, on a page in the browser.

.. code-block:: shell

    pip install gradio
    python tools/demo_page.py --config configs/remix_demo_concat.py \
        --checkpoint work_dirs/remix_demo_concat/epoch_16.pth

A clip goes in; out come the classes, what each modality says by itself, and
what becomes of the answer without each of them. Of a config that tests on
arrays or a table, the number of a row takes the place of the clip. Only this
machine can open the page, unless ``--host`` says otherwise.
"""

from __future__ import annotations

import argparse
import pickle

from mmremix.utils.cli import (
    add_answers,
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
    add_answers(parser)
    add('--host', default='127.0.0.1', help='0.0.0.0 opens it to others')
    add('--port', type=int, default=7860)
    add_trust(parser)
    add_cfg_options(parser)
    return parser


def main() -> None:
    parser = build_parser()
    args = parser.parse_args()
    if args.topk < 1:
        parser.error('--topk must be positive')
    # After parsing, so that --help answers at once.
    from mmremix.apis import AVInferencer, load_config
    from mmremix.apis.demo_page import (
        build_page,
        launch_options,
        require_gradio,
    )

    with errors_as_messages(
        *(ImportError, OSError, RuntimeError, TypeError, ValueError),
        pickle.UnpicklingError,
    ):
        # Before the model is loaded.
        gradio = require_gradio()
        cfg = load_config(
            args.config, cfg_options=args.cfg_options, trust=args.trust
        )
        inferencer = AVInferencer(
            cfg,
            args.checkpoint,
            device=args.device,
            blank_is_missing=not args.keep_blank,
        )
        build_page(inferencer, args.topk).launch(
            server_name=args.host,
            server_port=args.port,
            **launch_options(gradio),
        )


if __name__ == '__main__':
    main()
