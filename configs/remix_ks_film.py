_base_ = ['joint_ks_film.py', '_base_/methods/remix.py']
