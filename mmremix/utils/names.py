"""Names that all parts of the package write and look for."""

FUSION = 'fusion'
"""Name of the fused prediction beside the modalities' own."""

HEADS = 'heads'
"""Name of the sum of the modalities' own heads, a read-out without cost."""

READOUT = 'readout'
"""Name of the prediction that was chosen after training."""

RESERVED = (FUSION, HEADS, READOUT)
"""What no modality may be called."""
