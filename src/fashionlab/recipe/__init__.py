"""What to train: the recipe, its files, and all else that decides a run's numbers."""
