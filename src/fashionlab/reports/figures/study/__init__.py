"""Figures of a study, each from plain values."""
