_base_ = ['joint_ks_centralnet.py', '_base_/methods/remix.py']
