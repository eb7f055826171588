_base_ = ['../remix_grid_concat.py']
# "Reassemble" of the paper's Table 5: batches by assignment, unmasked.
train_dataloader = dict(batch_sampler=dict(decouple=False))
