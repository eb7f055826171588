_base_ = ['../remix_ks_concat.py']
# Masking as in the authors' code.
model = dict(mask='feature')
