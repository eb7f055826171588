_base_ = ['../remix_grid_concat.py']
# As many optimiser steps an epoch as the joint run.
train_dataloader = dict(batch_sampler=dict(tail='fixed'))
