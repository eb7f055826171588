_base_ = ['joint_ks_sum.py', '_base_/methods/remix.py']
