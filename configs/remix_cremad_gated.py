_base_ = ['joint_cremad_gated.py', '_base_/methods/remix.py']
