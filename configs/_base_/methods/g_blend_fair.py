# Fair: the same; it sets nothing but the weights of the losses.
method_g_blend = dict(
    model=dict(
        loss_weights=dict(
            all_active=dict(fusion=1 / 3, unimodal=1 / 3),
        ),
    ),
)
