# DGL as published (Wei et al., ICCV 2025), with heads of their own.
method_dgl = dict(step=dict(type='DGL'))
