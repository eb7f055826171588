# OGM: OGM-GE without its noise (an ablation of Peng et al., CVPR 2022).
method_ogm = dict(
    step=dict(type='OGM', alpha=0.8, start_epoch=0, end_epoch=50),
    model=dict(unimodal='fusion'),
)
