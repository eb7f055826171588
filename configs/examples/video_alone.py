_base_ = ['../joint_grid_concat.py']
# Video alone: the fusion head is its only head.
model = dict(encoders=dict(audio=None), unimodal='fusion')
train_dataloader = dict(dataset=dict(modalities=['video']))
val_dataloader = dict(dataset=dict(modalities=['video']))
test_dataloader = dict(dataset=dict(modalities=['video']))
