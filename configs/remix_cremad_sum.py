_base_ = ['joint_cremad_sum.py', '_base_/methods/remix.py']
