"""The report as one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from mmremix.report.diagnosis import diagnosis_section
from mmremix.report.glance import glance
from mmremix.report.markup import panels, section
from mmremix.report.readouts import readout_section
from mmremix.report.run_group import RunGroup
from mmremix.report.sample_cards import sample_cards
from mmremix.report.sections_epochs import (
    accuracy_section,
    rho_section,
    samples_section,
)
from mmremix.report.sections_losses import loss_section
from mmremix.report.sections_methods import method_section
from mmremix.report.sections_missing import missing_section
from mmremix.report.sections_other import (
    contribution_section,
    gradient_section,
)
from mmremix.report.sections_run import (
    certainty_charts,
    class_table,
    confusion_charts,
    settings,
)
from mmremix.report.sections_together import together_section
from mmremix.report.style import SCRIPT, STYLE
from mmremix.report.unlike import unlike
from mmremix.version import __version__

# Nothing may be loaded from anywhere.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)


def render_page(
    groups: Sequence[RunGroup],
    *,
    samples: int = 6,
    data_root: str | None = None,
) -> str:
    """Write the whole page.

    Args:
        groups: At least one. Of several seeds, the first run stands for the
            group where a single run must be shown.
        samples: How many samples to show of each kind.
        data_root: Where the data set is, if not where the config says.
    """
    title = 'Balance of ' + ', '.join(group.name for group in groups)
    parts = [
        diagnosis_section(groups),
        accuracy_section(groups),
        together_section(groups),
        loss_section(groups),
        missing_section(groups),
        samples_section(groups),
        rho_section(groups),
        _of_each(
            groups,
            lambda group: panels(certainty_charts(group)),
            *('certainty', 'How certain each modality is'),
            'The score that decides: how far the prediction of a '
            "modality's own head is from a guess.",
        ),
        method_section(groups),
        gradient_section(groups),
        contribution_section(groups),
        readout_section(groups),
        _of_each(
            groups,
            lambda group: panels(confusion_charts(group)),
            *('confusion', 'Confusion'),
            'Last validation. Rows are true classes, shaded by the share of '
            'the row.',
        ),
        _of_each(
            groups,
            lambda group: class_table(group.first),
            *('classes', 'By class'),
            'Validation samples that are right, and the training samples '
            'that each modality got at last. Click a heading to sort.',
        ),
        _of_each(
            groups,
            lambda group: sample_cards(group.first, samples, data_root),
            *('looked-at', 'Samples'),
            'As the model sees them when they are scored. The strip below '
            'shows who got the sample in each epoch.',
        ),
        section(
            *('settings', 'Settings'),
            'The configuration that was run, and the machine.',
            ''.join(settings(run) for group in groups for run in group.runs),
        ),
    ]
    sections = [part for part in parts if part]
    content = (
        unlike(groups)
        + glance(groups)
        + _contents(sections)
        + ''.join(sections)
    )
    # A number and its sign stay on one line.
    content = content.replace(' %', '\N{NO-BREAK SPACE}%')
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="generator" content="mmremix {__version__}">'
        f'<title>{escape(title)}</title><style>{STYLE}</style></head><body>'
        '<a class="skip" href="#main">Skip to the report</a>'
        f'<header><h1>{escape(title)}</h1></header>'
        f'<main id="main">{content}</main>'
        f'<script>{SCRIPT}</script></body></html>\n'
    )


def _contents(sections: Sequence[str]) -> str:
    """Links to the sections."""
    links = []
    for part in sections:
        anchor = part.split('aria-labelledby="', 1)[1].split('"', 1)[0]
        title = part.split('</h2>', 1)[0].rsplit('>', 1)[1]
        links.append(f'<li><a href="#{anchor}">{title}</a></li>')
    return (
        f'<nav aria-label="Contents"><ul>{"".join(links)}</ul>'
        '<button type="button" id="tables" aria-pressed="false" hidden>'
        'Open all data tables</button></nav>'
    )


def _of_each(
    groups: Sequence[RunGroup],
    build: Callable[[RunGroup], str],
    anchor: str,
    title: str,
    lead: str,
) -> str:
    """A section of one run of each group."""
    parts = []
    for group in groups:
        content = build(group)
        if not content:
            continue
        several = len(groups) > 1 or len(group.runs) > 1
        seed = ''
        if len(group.runs) > 1:
            seed = f', run {group.first.name}'
        heading = f'<h3>{escape(group.title + seed)}</h3>' if several else ''
        parts.append(heading + content)
    return section(anchor, title, lead, ''.join(parts))
