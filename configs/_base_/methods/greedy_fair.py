# Fair: the losses of the joint model with MMTM stay, and it is judged by its
# fused head like the others.
method_greedy = dict(
    step=dict(type='Greedy', eps=0.01, curation_steps=5, start_epoch=1),
    model=dict(fusion=dict(_delete_=True, type='MMTM', track_gates=True)),
)
