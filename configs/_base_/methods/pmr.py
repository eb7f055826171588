# PMR (Fan et al., CVPR 2023), the paper's form without its entropy term, which
# the authors' code does not have: step=dict(mu=..., entropy_epochs=...).
method_pmr = dict(
    step=dict(type='PMR', alpha=1.0, form='soft'),
    hook=dict(type='PrototypeHook', share=0.1),
)
