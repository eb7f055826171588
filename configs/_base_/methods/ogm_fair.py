# Fair: heads, losses and optimiser of the run that it is compared with; acts
# in every epoch.
method_ogm = dict(step=dict(type='OGM', end_epoch=None))
