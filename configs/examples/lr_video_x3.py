_base_ = ['../joint_grid_concat.py']
# A simpler remedy: another learning rate for one encoder.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'encoders.video': dict(lr_mult=3.0)})
)
