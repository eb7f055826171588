_base_ = ['../remix_grid_concat.py']
# "Decouple" of the paper's Table 5: masked samples in mixed batches.
train_dataloader = dict(
    batch_sampler=dict(reassemble=False),
    collate_fn=dict(type='mmremix.multimodal_collate'),
)
