# InfoReg, after Huang et al. (CVPR 2025): the regulation is the paper's, the
# values and the rules of window and dominance are ours (the paper's strength
# follows the gap between the modalities): docs/methods/inforeg.md.
method_inforeg = dict(step=dict(type='InfoReg', alpha=1.0, window=3))
