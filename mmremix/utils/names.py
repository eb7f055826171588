"""Names that all parts of the package write and look for."""

FUSION = 'fusion'
"""Name of the fused prediction beside the modalities' own."""

HEADS = 'heads'
"""Name of the sum of the modalities' own heads, a read-out without cost."""

RESERVED = (FUSION, HEADS)
"""What no modality may be called."""
