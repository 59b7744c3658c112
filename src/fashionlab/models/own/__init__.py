"""A user's own model: its files, the one door to executing them, and how the lab takes what they build."""
