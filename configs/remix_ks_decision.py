_base_ = ['joint_ks_decision.py', '_base_/methods/remix.py']
