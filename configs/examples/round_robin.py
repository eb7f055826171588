_base_ = ['../remix_grid_concat.py']
# Pure batches without scores: the modalities take turns.
method_remix = dict(plan=dict(rule='round_robin'))
