_base_ = ['../remix_cremad_concat.py']
# Masking as in the authors' code.
model = dict(mask='feature')
