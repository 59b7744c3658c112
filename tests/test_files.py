"""Files are written whole or not at all, also when the disk is full."""

import errno
import os

import pytest

from fashionlab.errors import StoreError
from fashionlab.files import write_atomically


def test_new_content_replaces_old(tmp_path):
    path = tmp_path / "f"
    write_atomically(path, b"one")
    write_atomically(path, lambda file: file.write(b"two"))
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "no permission"), (errno.EIO, "error")],
)
def test_a_failed_write_leaves_the_old_content_and_no_litter(tmp_path, number, words):
    path = tmp_path / "f"
    write_atomically(path, b"old")

    def fail(file):
        file.write(b"half")
        raise OSError(number, os.strerror(number))

    with pytest.raises(StoreError, match=words):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["f"]
