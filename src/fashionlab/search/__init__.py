"""Hyperparameter search: what is varied, the trials, and what they came to."""
