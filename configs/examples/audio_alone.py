_base_ = ['../joint_grid_concat.py']
# Audio alone: the fusion head is its only head.
model = dict(encoders=dict(video=None), unimodal='fusion')
train_dataloader = dict(dataset=dict(modalities=['audio']))
val_dataloader = dict(dataset=dict(modalities=['audio']))
test_dataloader = dict(dataset=dict(modalities=['audio']))
