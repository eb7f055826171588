# Gradient-Blend (Wang et al., CVPR 2020), offline. Replace these equal weights
# by the line that this prints: python tools/g_blend.py CONFIG
# Two modalities; their weights and that of the fused head sum up to 1.
method_g_blend = dict(
    model=dict(
        loss_weights=dict(
            all_active=dict(fusion=1 / 3, unimodal=1 / 3),
        ),
    ),
)
