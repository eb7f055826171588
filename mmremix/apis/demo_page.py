"""A page in the browser that asks a model about clips or rows."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from mmremix.apis.av_inferencer import AVInferencer
from mmremix.apis.clip_list import CLIP_KEYS
from mmremix.apis.row_pipeline import RowPipeline
from mmremix.apis.without_each import Answers, without_each
from mmremix.report.markup import table
from mmremix.report.run_data import called
from mmremix.utils.names import HEADS

_STYLE = """
.answer table{border-collapse:collapse;margin:.5rem 0 1.5rem}
.answer caption{text-align:left;font-weight:600;padding:.25rem 0;
white-space:normal}
.answer th,.answer td{padding:.35rem 1.25rem .35rem 0;text-align:right;
border-bottom:1px solid currentColor;white-space:nowrap}
.answer th:first-child{text-align:left}
.answer .scroll{overflow-x:auto}
.answer .says{font-size:1.35rem;font-weight:700}
"""


def require_gradio() -> Any:
    """The package ``gradio``.

    Raises:
        ImportError: If it is not there.
    """
    try:
        import gradio
    except ImportError as error:
        raise ImportError(
            'The page needs gradio, which mmremix does not install: '
            f'pip install gradio ({error})'
        ) from error
    return gradio


def build_page(inferencer: AVInferencer, topk: int = 5) -> Any:
    """A Gradio page: a clip (or the number of a row) in, an answer out.

    Nothing is loaded from elsewhere, and nothing is reported to anybody.

    Args:
        inferencer: The model.
        topk: Classes per prediction.

    Returns:
        ``gradio.Blocks``, to be started with ``launch()``.

    Raises:
        ImportError: Without gradio.
    """
    gradio = require_gradio()
    rows = isinstance(inferencer.pipeline, RowPipeline)
    title = f'{", ".join(inferencer.model.modalities)}: what each says'

    def ask(given: Any) -> str:
        return answer_html(inferencer, given, topk)

    with gradio.Blocks(title=title, analytics_enabled=False) as page:
        gradio.Markdown(f'# {title}')
        if rows:
            given = gradio.Number(
                label='Number of a row, as the file counts them', precision=0
            )
        else:
            given = gradio.File(label='Clip', type='filepath')
        button = gradio.Button('Ask', variant='primary')
        out = gradio.HTML(
            f'<style>{_STYLE}</style>', label='Answer', padding=True
        )
        button.click(ask, given, out, api_name='ask')
    return page


def launch_options(gradio: Any) -> dict[str, Any]:
    """For ``launch()``: fonts of the machine, and colours to be read in.

    Args:
        gradio: The package, whose own fonts come from another server.
    """
    theme = gradio.themes.Default(
        font=['system-ui', 'sans-serif'], font_mono=['monospace']
    ).set(
        # White on gradio's orange is hard to read.
        **{
            f'button_primary_background_fill{state}{mode}': '#0060a8'
            for state in ('', '_hover')
            for mode in ('', '_dark')
        }
    )
    return {'theme': theme, 'share': False, 'footer_links': []}


def answer_html(inferencer: AVInferencer, given: Any, topk: int = 5) -> str:
    """What the page shows of a clip or row, also where it cannot be had.

    Args:
        inferencer: The model.
        given: A file, or the number of a row; None where none was named.
        topk: Classes per prediction.
    """
    rows = isinstance(inferencer.pipeline, RowPipeline)
    if given is None:
        return _page(_said('Name a row first.' if rows else 'Name a clip.'))
    try:
        if rows:
            given = int(given)
        found = without_each(inferencer, given, topk)
    except (OSError, TypeError, ValueError) as error:
        return _page(_said(str(error)))
    return _page(_shown(found))


def _shown(found: Answers) -> str:
    entry = found.all
    if entry['error'] is not None:
        return _said(f'Not predicted: {entry["error"]}.')
    answer = entry['answer']
    said = [escape(_own(note, entry)) for note in entry['notes']]
    notes = ''.join(f'<li>{note}</li>' for note in said)
    best = f'{escape(answer["class"])}, {answer["score"]:.1%}'
    parts = [
        f'<p class="says">{best}</p>',
        f'<p>Answered by: {escape(called(answer["from"]))}.</p>',
        f'<ul>{notes}</ul>' if notes else '',
        _ranks(entry),
    ]
    if found.without:
        parts.append(_without(found))
    return ''.join(parts)


def _ranks(entry: Mapping[str, Any]) -> str:
    ranks = zip(*entry['topk'].values(), strict=True)
    return table(
        ['rank', *map(called, entry['topk'])],
        [[str(i), *map(_cell, best)] for i, best in enumerate(ranks, start=1)],
        'The likeliest classes, by each prediction',
    )


def _without(found: Answers) -> str:
    """Fused and sum of heads with and without each modality."""
    names = [n for n in found.all['topk'] if n not in found.without]
    entries = {'nothing': found.all, **found.without}
    rows = []
    for taken, entry in entries.items():
        if entry['error'] is not None:
            rows.append([called(taken), *[entry['error']] * len(names)])
            continue
        top = entry['topk']
        # One modality that is left is the sum of its head.
        alone = entry['modalities'] if len(entry['modalities']) == 1 else []
        top = {HEADS: top[alone[0]], **top} if alone else top
        cells = [_cell(top[n][0]) if n in top else '-' for n in names]
        rows.append([called(taken), *cells])
    return table(
        ['taken away', *map(called, names)],
        rows,
        'What happens without each modality',
    )


def _cell(best: Mapping[str, Any]) -> str:
    return f'{best["class"]} {best["score"]:.1%}'


def _own(note: str, entry: Mapping[str, Any]) -> str:
    """A note without the folder that the upload was put into."""
    for key in CLIP_KEYS[:2]:
        path = str(entry.get(key) or '\0')
        note = note.replace(f"'file:{path}'", 'it').replace(path, 'it')
    return note


def _said(words: str) -> str:
    return f'<p role="alert">{escape(words)}</p>'


def _page(content: str) -> str:
    return (
        f'<style>{_STYLE}</style><div class="answer" aria-live="polite">'
        f'{content}</div>'
    )
