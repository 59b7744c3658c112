"""The ways to run an epoch, one a file, and what they share."""
