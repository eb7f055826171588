"""Sections of what other hooks measure: gradients and contributions."""

from __future__ import annotations

from collections.abc import Sequence

from mmremix.report.epoch_charts import line_chart, percent
from mmremix.report.markup import Chart, data_table, panels, section, table
from mmremix.report.run_group import RunGroup, Spread
from mmremix.report.sections_epochs import curves
from mmremix.report.verdict import written

_ENCODER, _HEAD = 'gradient/angle_', 'gradient/head_angle_'


def gradient_section(groups: Sequence[RunGroup]) -> str:
    """Angles that ``GradientConflictHook`` measured."""
    return section(
        'gradient',
        'Gradients',
        'Angles between gradients on a probe batch: for each encoder, that '
        "of the modality's own loss and that of the fused loss; on the "
        'fusion head, that of a modality alone and that of all together (or '
        'of two modalities). Beyond 90° they work against each other.',
        panels(gradient_charts(groups)),
    )


def gradient_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """Encoders and fusion head of each group that measured them."""
    charts = []
    for group in groups:
        for prefix, stem, title in (
            (_ENCODER, 'gradients', 'encoders: own against fused loss'),
            (_HEAD, 'head_gradients', 'fusion head: alone against together'),
        ):
            found = _members(group, prefix)
            if not found:
                continue
            values = [s for points in found.values() for s in points.values()]
            low = min(85.0, *(s.low for s in values)) - 5
            high = max(95.0, *(s.high for s in values)) + 5
            picture = line_chart(
                f'{title}, angles over epochs, {group.title}',
                curves(group.first, found),
                '{:.0f}°'.format,
                y_range=(low, high),
                reference=(90, '90°'),
            )
            charts.append(
                Chart(
                    f'{group.name}_{stem}',
                    f'{group.title}, {title}',
                    picture,
                    data_table(found, '{:.1f}°'.format),
                )
            )
    return charts


def contribution_section(groups: Sequence[RunGroup]) -> str:
    """Shapley values and accuracies of ``ContributionHook``."""
    rows = []
    for group in groups:
        for name in _members(group, 'contribution/'):
            ends = [
                group.at_end(scalar)
                for scalar in (
                    f'contribution/{name}',
                    f'missing/acc_only_{name}',
                    f'missing/acc_without_{name}',
                )
            ]
            rows.append(
                [
                    f'{group.title}: {name}',
                    *('-' if end is None else written(end) for end in ends),
                ]
            )
    if not rows:
        return ''
    return section(
        'contribution',
        'Contribution',
        'What each modality adds to the fused accuracy on the validation '
        'set: its Shapley value, the mean over all orders in which they '
        'could join. Beside it, the fused accuracy with that modality only, '
        'and without it.',
        table(
            ['', 'adds', 'fused, it alone', 'fused, without it'],
            rows,
            'Contributions at the end',
        )
        + panels(contribution_charts(groups)),
    )


def contribution_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """One a group that measured them more than once."""
    charts = []
    for group in groups:
        found = _members(group, 'contribution/')
        if not any(len(points) > 1 for points in found.values()):
            continue
        picture = line_chart(
            f'Contributions over epochs, {group.title}',
            curves(group.first, found),
            percent,
        )
        charts.append(
            Chart(
                *(f'{group.name}_contributions', group.title, picture),
                data_table(found, percent),
            )
        )
    return charts


def _members(group: RunGroup, prefix: str) -> dict[str, dict[float, Spread]]:
    """Scalars under a prefix by the rest of their names."""
    return {
        name[len(prefix) :]: group.over_epochs(name)
        for name in group.first.series
        if name.startswith(prefix)
    }
