"""Names that all parts of the package write and look for."""

FUSION = 'fusion'
"""Name of the fused prediction beside the modalities' own."""
