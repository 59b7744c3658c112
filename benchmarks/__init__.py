"""Side-by-side programs against peers, and the long evidence; each prints a table and writes JSON.

Run from the root of the repository: `python -m benchmarks.epoch`, `main_job`, `seeds`, `kill`.
"""
