"""Messages between the judge and a target's process: a JSON header, then raw array bytes.

Foreign code writes one side of the pipe, so nothing is unpickled. A message is a JSON object and
named arrays of NumPy's own dtypes; other formats travel as unsigned words of the same width.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

import numpy as np

_LENGTH = struct.Struct("<Q")

Message = dict[str, Any]
Arrays = dict[str, np.ndarray]


def send(stream: BinaryIO, message: Message, arrays: Arrays | None = None) -> None:
    """Write one message.

    Parameters
    ----------
    stream : binary file
        Opened for writing; flushed afterwards.
    message : dict
        Anything that JSON can hold.
    arrays : dict of str to array, optional
        Sent as they are, in C order.
    """
    contiguous = {name: np.asarray(array, order="C") for name, array in (arrays or {}).items()}
    directory = [(name, array.dtype.str, array.shape) for name, array in contiguous.items()]
    header = json.dumps({"message": message, "arrays": directory}).encode()
    stream.write(_LENGTH.pack(len(header)))
    stream.write(header)
    for array in contiguous.values():
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: BinaryIO) -> tuple[Message, Arrays]:
    """Read one message; ``EOFError`` if the other side has gone."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    header = json.loads(_exactly(stream, length))
    arrays = {}
    for name, code, shape in header["arrays"]:
        dtype = np.dtype(code)
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        arrays[name] = np.frombuffer(_exactly(stream, size), dtype=dtype).reshape(shape)
    return header["message"], arrays


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise EOFError("the other side closed the pipe")
    return data
