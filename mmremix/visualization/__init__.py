"""Samples, contact sheets, annotated copies and tables of predictions."""

from mmremix.visualization.annotate import annotate_clip
from mmremix.visualization.contact_sheet import contact_sheet
from mmremix.visualization.predictions import format_table, prediction_table
from mmremix.visualization.sample_view import SampleView, view_samples

__all__ = [
    'SampleView',
    'annotate_clip',
    'contact_sheet',
    'format_table',
    'prediction_table',
    'view_samples',
]
