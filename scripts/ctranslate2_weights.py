"""The weights in a ``model.bin`` of CTranslate2 (https://github.com/OpenNMT/CTranslate2), by name.

The file is little-endian: version, name and revision of the model; the number of arrays, and each
with its name, sizes, type and content; at the end, further names for some of them. Names are
counted with the zero that ends them.
"""

import struct
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINARY_VERSION = 6
TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0

    def take(self, n_bytes: int) -> bytes:
        taken = self.content[self.place : self.place + n_bytes]
        if len(taken) != n_bytes:
            raise ValueError(f"the file ends at {len(self.content)} bytes, in the middle of a part")
        self.place += n_bytes
        return taken

    def number(self, kind: str) -> int:
        return struct.unpack(f"<{kind}", self.take(struct.calcsize(f"<{kind}")))[0]

    def text(self) -> str:
        text, end, rest = self.take(self.number("H")).partition(b"\0")
        if not end or rest:
            raise ValueError(f"a name does not end with a zero before byte {self.place}")
        return text.decode("utf-8")

    def array(self, name: str) -> NDArray[Any]:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind, n_bytes = self.number("B"), self.number("I")
        if kind not in TYPES:
            raise ValueError(f"{name} has type {kind}, known are {sorted(TYPES)}")
        dtype = np.dtype(TYPES[kind]).newbyteorder("<")
        if prod(shape) * dtype.itemsize != n_bytes:
            raise ValueError(f"{name} of shape {shape} and type {dtype.name} has {n_bytes} bytes")
        return np.frombuffer(self.take(n_bytes), dtype).reshape(shape)


def read_weights(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, each under all of its names.

    Raises
    ------
    ValueError
        If it is no such file, of another version, cut off, or longer than it says.
    """
    reader = _Reader(content)
    version = reader.number("I")
    if version != BINARY_VERSION:
        raise ValueError(f"binary version is {version}, known is {BINARY_VERSION}")
    reader.text(), reader.number("I")  # name and revision of the model's specification
    weights = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        weights[name] = reader.array(name)
    for _ in range(reader.number("I")):
        alias, name = reader.text(), reader.text()
        if name not in weights:
            raise ValueError(f"{alias} stands for {name}, which is not there")
        weights[alias] = weights[name]
    if reader.place != len(content):
        raise ValueError(f"{len(content) - reader.place} bytes follow the end")
    return weights
