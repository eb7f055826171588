_base_ = ['joint_cremad_decision.py', '_base_/methods/remix.py']
