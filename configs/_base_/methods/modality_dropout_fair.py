# Fair: heads, losses and optimiser of the run that it is compared with.
method_modality_dropout = dict(step=dict(type='ModalityDropout'))
