# MMPareto in the common recipe. Fair: the schedule and the loss weights are
# those of the joint run that it is compared with.
method_mmpareto = dict(step=dict(type='MMPareto'))
