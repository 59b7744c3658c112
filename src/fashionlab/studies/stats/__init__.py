"""The statistics of a study: pure functions of numbers."""
