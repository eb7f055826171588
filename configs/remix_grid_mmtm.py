_base_ = ['remix_grid_concat.py']
model = dict(fusion=dict(_delete_=True, type='MMTM'))
