_base_ = ['joint_ks_concat.py']
model = dict(fusion=dict(_delete_=True, type='CentralNet'))
