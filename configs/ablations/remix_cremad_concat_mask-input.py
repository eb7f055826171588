_base_ = ['../remix_cremad_concat.py']
# Masking as in the paper's text.
model = dict(mask='input')
