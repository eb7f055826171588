default_scope = 'mmremix'

default_hooks = dict(
    # Reads the losses from the GPU when they are logged, not at every step.
    runtime_info=dict(type='DeferredInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, ignore_last=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # A damaged one is passed over on --resume; so keep at least two.
    checkpoint=dict(
        type='SafeCheckpointHook',
        interval=1,
        max_keep_ckpts=2,
        save_best='auto',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # Equal batch-norm statistics on all ranks, so that they score alike.
    sync_buffers=dict(type='SyncBuffersHook'),
    setup_check=dict(type='SetupCheckHook'),
    # Serves the balancing methods; nothing to do without one.
    methods=dict(type='MethodHook'),
    # Validation decodes its samples once a run; cache=False turns it off.
    evaluation_cache=dict(type='EvaluationCacheHook'),
    epoch_seed=dict(type='EpochSeedHook'),
    # NaN or infinite losses; never saved over a good checkpoint.
    diverged=dict(type='DivergedHook'),
    # SIGTERM and SIGUSR1 end the run in good order.
    signal=dict(type='SignalHook'),
    broken_samples=dict(type='BrokenSampleHook'),
    # remix_records.npy, for tools/analysis/report.py.
    records=dict(type='RemixRecordHook'),
    # Angles between gradients, on one batch; interval=0 turns it off.
    gradient_conflict=dict(type='GradientConflictHook', interval=5),
    # Shapley values and missing modalities, at the end of training.
    contribution=dict(type='ContributionHook'),
    # Whether balancing would help, at the end of joint training.
    diagnosis=dict(type='DiagnosisHook'),
    # What a person wants to know of an epoch, in one line.
    epoch_line=dict(type='EpochLineHook'),
    # Checkpoints that resume under torch >= 2.6.
    plain_checkpoint=dict(type='PlainCheckpointHook'),
)

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # Seconds: a rank that waits longer for another ends the run.
    dist_cfg=dict(backend='nccl', timeout=1800),
)
# A masked encoder takes no part in a remix step.
find_unused_parameters = True

log_processor = dict(type='ActiveLogProcessor', window_size=20, by_epoch=True)
visualizer = dict(
    type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]
)
log_level = 'INFO'
randomness = dict(seed=0, deterministic=False)
load_from = None
resume = False
