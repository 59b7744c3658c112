"""The contenders of `benchmarks.epoch`, one a file: each trains the same network on the same pictures in its own process.

A contender is a function `serve(data, turns, **options)`; `turns.py` says what it owes.
"""
