_base_ = ['joint_cremad_concat.py', '_base_/methods/remix.py']
