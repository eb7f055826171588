_base_ = ['../joint_grid_concat.py']
# The plain joint baseline: no unimodal losses.
model = dict(loss_weights=dict(all_active=dict(unimodal=0.0)))
