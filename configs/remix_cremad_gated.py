_base_ = ['remix_cremad_concat.py']
model = dict(fusion=dict(_delete_=True, type='GatedFusionHead'))
