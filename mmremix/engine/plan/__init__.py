"""What each epoch trains on, decided before it."""
