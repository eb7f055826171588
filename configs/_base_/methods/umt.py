# Uni-Modal Teacher (Du et al., arXiv:2106.11059): the fused loss, and
# lambda = 10 times the distance of the features to those of the teachers.
method_umt = dict(
    step=dict(
        type='UMT',
        # Give the paths, teachers=dict(video='...', audio='...'). This
        # makes them and prints the lines: python tools/unimodal.py CONFIG
        teachers=dict(),
        weight=10.0,
    ),
    model=dict(
        loss_weights=dict(
            all_active=dict(fusion=1.0, unimodal=0.0),
            some_active=dict(fusion=1.0, unimodal=0.0),
        ),
    ),
)
