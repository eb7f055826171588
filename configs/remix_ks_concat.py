_base_ = ['joint_ks_concat.py', '_base_/methods/remix.py']
