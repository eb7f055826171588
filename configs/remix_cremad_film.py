_base_ = ['joint_cremad_film.py', '_base_/methods/remix.py']
