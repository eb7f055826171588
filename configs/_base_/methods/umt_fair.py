# Fair: the losses of the joint model stay, heads included.
method_umt = dict(step=dict(type='UMT', teachers=dict(), weight=10.0))
