# PMR (Fan et al., CVPR 2023) as in the authors' code: the whole term for the
# slower modality, whatever the ratio.
method_pmr = dict(
    step=dict(type='PMR', alpha=1.0, form='hard'),
    hook=dict(type='PrototypeHook', share=0.1),
)
