_base_ = ['joint_grid_concat.py']
model = dict(fusion=dict(_delete_=True, type='SumFusionHead'))
