"""Arrays as bytes that another language finds its way in."""

import numpy as np

from fashionlab.portable import Network, Operation, describe, halved, pack


def network(largest=1.0):
    arrays = {"logits/kernel": np.full((3, 2), largest, np.float32), "logits/bias": np.float32([1 / 3, 2])}
    return Network((Operation("flatten"), Operation("dense", tuple(arrays))), arrays)


def test_arrays_lie_where_it_is_said_in_the_least_bytes_that_start_at_fours():
    arrays = {"a": np.arange(5, dtype=np.uint8), "b": np.float16([[1, 2, 3]]), "c": np.float32([-1.5])}
    packed = pack(arrays)
    for name, array in arrays.items():
        place = packed.places[name]
        found = np.frombuffer(packed.content, place.type, array.size, place.start).reshape(place.shape)
        assert place.start % 4 == 0
        np.testing.assert_array_equal(found, array)
    assert len(packed.content) == 8 + 8 + 4


def test_kernels_get_half_precision_and_vectors_keep_theirs():
    found = halved(network())
    assert {name: array.dtype.name for name, array in found.items()} == {
        "logits/kernel": "float16", "logits/bias": "float32",
    }  # fmt: skip
    assert describe(network()).operations == network().operations


def test_numbers_beyond_half_precision_are_not_packed():
    assert halved(network(65504.0)) is not None
    for largest in (1e5, np.inf, np.nan):
        assert halved(network(largest)) is None
