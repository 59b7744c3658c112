"""The contenders of `benchmarks.epoch`, one a file: the same network and images, each in its own process.

A contender is a function `serve(data, turns, **options)`; `turns.py` says what it owes.
"""
