# Fair: nothing to change.
_base_ = ['every_modality_fair.py']
