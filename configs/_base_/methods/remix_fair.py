# Fair: nothing to change but the warm-up, a sixth of the published 60 epochs,
# which is the recipe's to choose with the length of training.
method_remix = dict(plan=dict(type='KLScoreHook', warmup_epochs=10))
