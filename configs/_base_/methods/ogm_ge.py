# OGM-GE as published (Peng et al., CVPR 2022): the fused loss alone, alpha of
# CREMA-D (0.1 for VGGSound). The authors' optimiser: docs/methods/ogm_ge.md.
method_ogm_ge = dict(
    step=dict(
        type='OGMGE', alpha=0.8, start_epoch=0, end_epoch=50, noise_on='4d'
    ),
    model=dict(unimodal='fusion'),
)
