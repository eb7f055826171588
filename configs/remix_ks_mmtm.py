_base_ = ['joint_ks_mmtm.py', '_base_/methods/remix.py']
