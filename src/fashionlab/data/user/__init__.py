"""Data that people bring: folders of images, IDX files, NumPy archives."""
