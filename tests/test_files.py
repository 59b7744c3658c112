"""Files are written whole or not at all, also when the disk is full."""

import errno
import os
import time
from pathlib import Path

import pytest

from fashionlab.errors import StoreError
from fashionlab.files import near_path, new_stamped_folder, write_atomically


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


def make_older(path, seconds=4000):
    os.utime(path, (time.time() - seconds,) * 2)


def test_what_a_killed_writer_left_is_swept_and_what_others_have_stays(tmp_path):
    left = tmp_path / ".f.12-34.part"
    now, others = tmp_path / ".f.56-78.part", [tmp_path / name for name in (".g.12-34.part", "f.part", ".f.part.gz")]
    for path in (left, now, *others):
        path.write_bytes(b"half")
    for path in (left, *others):
        make_older(path)
    write_atomically(tmp_path / "f", b"whole")
    assert sorted(tmp_path.iterdir()) == sorted([now, *others, tmp_path / "f"])


def test_a_new_folder_is_there_with_all_that_is_in_it_or_not_at_all(tmp_path):
    killed, own = tmp_path / ".mlp-seed0-20200101-000000.part", tmp_path / ".mine.part"
    for folder in (killed, own):
        folder.mkdir()
        (folder / "recipe.json").write_text("{")
        make_older(folder)
    with new_stamped_folder(tmp_path, "mlp") as (folder, path):
        (folder / "recipe.json").write_text("{}")
        assert folder.parent == tmp_path
        assert not path.exists()
    with pytest.raises(ValueError, match="half"), new_stamped_folder(tmp_path, "mlp") as (folder, _):
        raise ValueError("half")
    with new_stamped_folder(tmp_path, "mlp") as (_, other):
        pass
    assert other != path
    assert (path / "recipe.json").read_text() == "{}"
    assert sorted(tmp_path.iterdir()) == sorted([own, path, other])


def test_a_folder_of_the_same_name_made_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda pattern: "20260101-000000")
    names = []
    for _ in range(3):
        with new_stamped_folder(tmp_path, "mlp") as (_, path):
            names.append(path.name)
            with new_stamped_folder(tmp_path, "mlp") as (_, inner):
                names.append(inner.name)
    assert len(set(names)) == 6


def test_a_path_that_leads_nowhere_is_near_one_that_does(tmp_path, monkeypatch):
    (tmp_path / "my-images" / "train").mkdir(parents=True)
    (tmp_path / "net.py").touch()
    assert near_path(tmp_path / "my-imgaes" / "train") == [str(tmp_path / "my-images" / "train")]
    assert near_path(tmp_path / "quite" / "else") == []
    monkeypatch.chdir(tmp_path)
    assert near_path(Path("nte.py"), ".py") == ["net.py"]
    assert near_path(Path("my-image"), ".py") == []
