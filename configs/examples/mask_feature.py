_base_ = ['../remix_grid_concat.py']
# Masking as in the authors' code.
model = dict(mask='feature')
