# What the studies recommend: train apart, and fit afterwards what to listen
# to: tools/crossfit.py CONFIG --choose pool --final (docs/methods/balanced.md)
_base_ = ['every_modality.py']
