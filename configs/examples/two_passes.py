_base_ = ['../remix_grid_concat.py']
# As many updates of the encoders together as the joint run.
train_dataloader = dict(batch_sampler=dict(passes=2))
