# Fair: losses and optimiser of the run that it is compared with; DGL has no
# option, so this is the published form.
method_dgl = dict(step=dict(type='DGL'))
