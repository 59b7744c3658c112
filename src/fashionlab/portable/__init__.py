"""A network of the registry as a list of plain operations and named arrays, and NumPy's forward pass over it.

What another language needs to run it, too: nothing here knows a framework, and nothing of a run is executed.

network     the operations of a run's network, and its arrays, checked against each other
forward     what each operation does
packed      both as bytes and plain data, for the script of a page
"""

from fashionlab.portable.forward import Answer, forward
from fashionlab.portable.network import PORTABLE, Network, Operation, open_portable
from fashionlab.portable.packed import Description, Packed, Place, describe, halved, pack

__all__ = [
    "PORTABLE",
    "Answer",
    "Description",
    "Network",
    "Operation",
    "Packed",
    "Place",
    "describe",
    "forward",
    "halved",
    "open_portable",
    "pack",
]
