_base_ = ['joint_cremad_centralnet.py', '_base_/methods/remix.py']
