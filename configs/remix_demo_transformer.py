_base_ = ['remix_demo_concat.py']
model = dict(fusion=dict(_delete_=True, type='TransformerFusionHead'))
