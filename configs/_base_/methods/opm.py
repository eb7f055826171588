# OPM as published (Wei et al., TPAMI 2024): the fused loss alone. `strength`
# (the paper's lambda) is ours.
method_opm = dict(
    step=dict(type='OPM', q_base=0.5, strength=0.5, p_exe=0.7),
    model=dict(unimodal='fusion'),
)
