_base_ = ['../remix_grid_concat.py']
# Masking as in the paper's text.
model = dict(mask='input')
