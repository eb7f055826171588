"""Use the page of ``tools/demo_page.py`` in a real browser, without a window.

.. code-block:: shell

    pip install gradio playwright
    python tools/benchmarks/demo_page_browser.py clip.mp4 broken.mp4 \
        --config configs/remix_demo_concat.py --checkpoint F --out pictures

Needs Chromium on the ``PATH``. Hands each clip in, prints what the page
answers, writes a picture of it, wide and as narrow as a phone, and fails if
the browser complains, loads anything from elsewhere, or gets no answer.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

_BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
_PATIENCE = 120_000  # milliseconds


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('clips', nargs='+', help='files, handed in one after the other')
    add('--config', required=True, help='config file')
    add('--checkpoint', required=True, help='checkpoint file')
    add('--out', default='.', metavar='DIR', help='where the pictures go')
    add('--port', type=int, default=7869)
    return parser


def main() -> int:
    args = build_parser().parse_args()
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise SystemExit(f'None of {", ".join(_BROWSERS)} is on the PATH.')
    from mmremix.apis import AVInferencer
    from mmremix.apis.demo_page import (
        build_page,
        launch_options,
        require_gradio,
    )

    gradio = require_gradio()
    inferencer = AVInferencer(args.config, args.checkpoint, device='cpu')
    page = build_page(inferencer, topk=3)
    _, address, _ = page.launch(
        server_port=args.port,
        prevent_thread_lock=True,
        quiet=True,
        **launch_options(gradio),
    )
    try:
        problems = _use(browser, address, args.clips, Path(args.out))
    finally:
        page.close()
    for problem in problems:
        print(f'error: {problem}', file=sys.stderr)
    return 1 if problems else 0


def _use(browser: str, address: str, clips: list[str], out: Path) -> list[str]:
    from playwright.sync_api import sync_playwright

    out.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []

    def request(asked: Any) -> None:
        local = ('data:', 'blob:', address.rstrip('/'))
        if not asked.url.startswith(local):
            problems.append(f'asks for {asked.url}')

    def message(said: Any) -> None:
        if said.type == 'error':
            problems.append(f'console: {said.text}')

    with sync_playwright() as play:
        # Chromium has no sandbox for root.
        shown = play.chromium.launch(
            executable_path=browser, args=['--no-sandbox']
        )
        tab = shown.new_page(viewport={'width': 1280, 'height': 1000})
        tab.on('request', request)
        tab.on('console', message)
        tab.goto(address, timeout=_PATIENCE)
        for i, clip in enumerate(clips):
            if i:
                tab.reload()
            tab.set_input_files('input[type=file]', clip, timeout=_PATIENCE)
            tab.get_by_text(Path(clip).stem).first.wait_for(timeout=_PATIENCE)
            # By keyboard alone.
            button = tab.get_by_role('button', name='Ask')
            button.focus()
            tab.keyboard.press('Enter')
            answer = tab.locator('.answer')
            answer.wait_for(timeout=_PATIENCE)
            text = answer.inner_text()
            print(f'{Path(clip).name}:\n{text}\n')
            if not text.strip():
                problems.append(f'{clip}: no answer')
            for name, width in (('wide', 1280), ('narrow', 390)):
                tab.set_viewport_size({'width': width, 'height': 1000})
                file = out / f'{Path(clip).stem}_{name}.png'
                tab.screenshot(path=str(file), full_page=True)
                print(f'-> {file}')
        shown.close()
    return problems


if __name__ == '__main__':
    sys.exit(main())
