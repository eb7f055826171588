# Fair: heads, losses and optimiser of the run that it is compared with.
method_agm = dict(step=dict(type='AGM'))
