"""Scores of all training samples, and what makes them cheap."""
