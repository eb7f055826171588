_base_ = ['../remix_grid_concat.py']
# Each sample keeps its most certain modality.
method_remix = dict(plan=dict(rule='strongest'))
