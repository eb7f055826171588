_base_ = ['remix_ks_concat.py']
model = dict(fusion=dict(_delete_=True, type='MMTM'))
