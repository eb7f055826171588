"""Studies: methods compared over seeds, tries and settings."""
