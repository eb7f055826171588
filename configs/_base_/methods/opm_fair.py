# Fair: heads, losses and optimiser of the run that it is compared with.
method_opm = dict(step=dict(type='OPM'))
