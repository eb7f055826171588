_base_ = ['joint_cremad_mmtm.py', '_base_/methods/remix.py']
