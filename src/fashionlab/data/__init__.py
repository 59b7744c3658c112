"""Data: where images come from, how they are known to be the right ones, and how they are divided.

dataset     `Dataset`, `load`, and the sealed test set
split       training and validation rows
describe    a data set in numbers
idx         MNIST's file format
checks      from arrays as people have them to those of a data set
labels      numbers, texts and one-hot rows as the numbers of classes
shared      images that are in two sets
transfer    a data set on its way to another machine
download/   published data sets: cache, mirrors, the distribution's package
user/       what people bring: folders of images, IDX files, NumPy archives
"""

from fashionlab.data.cache import cache_folder
from fashionlab.data.dataset import Dataset, TestSet, from_arrays, load
from fashionlab.data.describe import DataDescription, describe
from fashionlab.data.split import Split, halve_validation, stratified_split

__all__ = [
    "DataDescription",
    "Dataset",
    "Split",
    "TestSet",
    "cache_folder",
    "describe",
    "from_arrays",
    "halve_validation",
    "load",
    "stratified_split",
]
