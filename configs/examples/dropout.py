_base_ = ['../remix_grid_concat.py']
# "Dropout" of the paper's Table 6: unimodal predictions come from the
# fusion head with the others absent, and there are no unimodal losses.
model = dict(unimodal='fusion')
