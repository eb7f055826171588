_base_ = ['joint_cremad_concat.py']
model = dict(fusion=dict(_delete_=True, type='GatedFusionHead'))
