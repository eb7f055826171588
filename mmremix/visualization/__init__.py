"""Samples and predictions for people: views, annotated copies, tables.

Contact sheets are drawn by :mod:`mmremix.visualization.contact_sheet`.
"""

from mmremix.visualization.annotate import annotate_clip
from mmremix.visualization.predictions import format_table, prediction_table
from mmremix.visualization.sample_view import SampleView, view_samples

__all__ = [
    'SampleView',
    'annotate_clip',
    'format_table',
    'prediction_table',
    'view_samples',
]
