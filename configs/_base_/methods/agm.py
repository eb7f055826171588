# AGM as published (Li et al., ICCV 2023): the fused loss alone, absent inputs
# set to zero. alpha is to be tuned for each data set.
method_agm = dict(
    step=dict(type='AGM', alpha=1.0, absent='input'),
    model=dict(unimodal='fusion'),
)
