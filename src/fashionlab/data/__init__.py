"""Data: where pictures come from, how they are known to be the right ones, and how they are divided.

sources     the order of places to look, and the check by SHA-256     mirrors, debian    two of these
places idx         MNIST's file format                                       own, pictures      the user's
own data dataset     `Dataset`, `load`, and the sealed test part               split, describe, cache
"""

from fashionlab.data.cache import cache_folder
from fashionlab.data.dataset import Dataset, TestPart, load
from fashionlab.data.describe import describe
from fashionlab.data.split import Split, judge_halves, stratified_split

__all__ = ["Dataset", "Split", "TestPart", "cache_folder", "describe", "judge_halves", "load", "stratified_split"]
