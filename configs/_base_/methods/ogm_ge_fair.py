# Fair: heads, losses and optimiser of the run that it is compared with; acts
# in every epoch, noise on the weights of any encoder.
method_ogm_ge = dict(step=dict(type='OGMGE', end_epoch=None))
