"""Figures of one run, each from plain arrays."""
