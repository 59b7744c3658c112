"""Arrays, and a network, as one block of bytes and a description of it in plain data, for what is not Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from msgspec import Struct

from fashionlab.portable.forward import EPSILON
from fashionlab.portable.network import Network, Operation

HALF_MOST = 65504.0
"""The largest number that float16 holds."""


class Place(Struct, frozen=True):
    """Where an array lies: from byte `start` on, little endian, rows first."""

    type: Literal["float16", "float32", "uint8"]
    shape: tuple[int, ...]
    start: int


class Description(Struct, frozen=True):
    """A network without the numbers in its arrays. operations: as `Network` has them, their arrays by name; epsilon:
    what is added to a variance under the root."""

    operations: tuple[Operation, ...]
    epsilon: float = EPSILON


@dataclass(frozen=True, eq=False)
class Packed:
    """places: of every array, by name; content: the bytes that hold them all."""

    places: dict[str, Place]
    content: bytes


def describe(network: Network) -> Description:
    """What is to be known of a network beside its arrays."""
    return Description(network.operations)


def pack(arrays: Mapping[str, np.ndarray]) -> Packed:
    """Arrays of type float16, float32 or uint8, each at a multiple of four bytes."""
    places, parts, start = {}, [], 0
    for name, array in arrays.items():
        # The names of the types that a place may have are NumPy's own.
        places[name] = Place(array.dtype.name, array.shape, start)  # type: ignore[arg-type]
        content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        content += bytes(-len(content) % 4)
        parts.append(content)
        start += len(content)
    return Packed(places, b"".join(parts))


def halved(network: Network) -> dict[str, np.ndarray] | None:
    """The network's arrays by name, kernels in half precision; None where a number is too large for that.

    What has one axis (biases, normalizations) stays float32: it is little, and what divides by a variance needs it.
    """
    if any(array.size and not np.abs(array).max() <= HALF_MOST for array in network.arrays.values()):
        return None
    # In the order of the operations: that in which a file gives its arrays is another each time.
    names = [name for operation in network.operations for name in operation.arrays]
    arrays = {name: network.arrays[name] for name in names}
    return {name: array.astype(np.float32 if array.ndim == 1 else np.float16) for name, array in arrays.items()}
