"""Messages survive the pipe, and nothing is executed on the way."""

import io

import numpy as np
import pytest

from crossval import wire


def test_messages_and_arrays_round_trip():
    pipe = io.BytesIO()
    arrays = {
        "words": np.arange(6, dtype=np.uint16).reshape(2, 3)[:, ::-1],
        "empty": np.zeros((0, 4), np.uint32),
        "scalar": np.array(7, np.uint64),
    }
    wire.send(pipe, {"op": "x", "list": [1, None]}, arrays)
    pipe.seek(0)
    message, received = wire.receive(pipe)
    assert message == {"op": "x", "list": [1, None]}
    for name, array in arrays.items():
        assert received[name].dtype == array.dtype
        assert np.array_equal(received[name], array)
        assert received[name].shape == array.shape


def test_a_cut_message_is_an_end():
    pipe = io.BytesIO()
    wire.send(pipe, {"a": 1}, {"x": np.zeros(9)})
    for length in (0, 3, 20, len(pipe.getvalue()) - 1):
        with pytest.raises(EOFError):
            wire.receive(io.BytesIO(pipe.getvalue()[:length]))


def test_objects_are_refused():
    pipe = io.BytesIO()
    wire.send(pipe, {}, {"x": np.array([object()])})
    pipe.seek(0)
    with pytest.raises(ValueError, match="OBJECT"):
        wire.receive(pipe)
