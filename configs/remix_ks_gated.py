_base_ = ['joint_ks_gated.py', '_base_/methods/remix.py']
