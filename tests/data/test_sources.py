"""Where bytes come from: good sources, sources that fail in every known way, and what the cache keeps."""

import gzip
import os
import shutil
import struct
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from stand_ins import NAMES, Mirrors, make_contents

from fashionlab.data.cache import cache_folder
from fashionlab.data.download import debian
from fashionlab.data.download.http import Patience
from fashionlab.data.download.sources import FASHION_MNIST, Files, Obtained, obtain
from fashionlab.errors import DataError, DataInvalid, DataUnavailable, UsageError

QUICK = Patience(connect=1, read=0.4, total=2)
LABELS, IMAGES = "t10k-labels-idx1-ubyte", "train-images-idx3-ubyte"


def fetch(files: Files, place: Path, said: list[str] | None = None, **options: object) -> Obtained:
    """`obtain` with no system folder, short patience, and its announcements in `said`."""
    announce = (said if said is not None else []).append
    return obtain(files, announce=announce, **{"system": place / "none", "patience": QUICK, **options})


def cached(place: Path) -> dict[str, bytes]:
    folder = place / "cache" / "little-mnist"
    return {path.name: path.read_bytes() for path in folder.glob("*-ubyte*")} if folder.is_dir() else {}


def use(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    monkeypatch.setenv("FASHIONLAB_MIRRORS", " ".join(addresses))


# The mirrors


def test_a_mirror_fills_the_cache_which_then_serves(
    published: Files,
    contents: dict[str, bytes],
    place: Path,
    mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, mirrors.offer_good(contents, level=9))
    said: list[str] = []
    first = fetch(published, place, said)
    assert first.contents == contents == cached(place)
    assert first.source.startswith("mirror http://127.0.0.1:")
    assert [message.split(" ")[0] for message in said] == ["downloading"]
    asked = len(mirrors.requests)
    second = fetch(published, place, said)
    assert second.contents == contents
    assert second.source.startswith(f"cache {place / 'cache' / 'little-mnist'} (from mirror http://127.0.0.1:")
    assert (len(mirrors.requests), len(said)) == (asked, 1)


def hang(stopped: threading.Event) -> object:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        stopped.wait(20)

    return answer


def trickle(stopped: threading.Event) -> object:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not stopped.wait(0.05):
            handler.wfile.write(b"\0")

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(bytes(2**16))


def breaks_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(gzip.compress(bytes(1000))[:20])


def bad_answers(contents: dict[str, bytes], stopped: threading.Event) -> dict[str, tuple[str, object, str]]:
    """Kind of failure -> (the file that it concerns, what the server answers, what the user is told)."""
    labels, images = contents[LABELS], contents[IMAGES]
    compressed = gzip.compress(images)
    middle = len(compressed) // 2
    bit = bytes([compressed[middle] ^ 4])
    lying = labels[:4] + struct.pack(">I", 2**31) + labels[8:]
    dark = images[:500] + bytes([images[500] ^ 4]) + images[501:]
    return {
        "truncated": (IMAGES, compressed[:middle], f"{IMAGES} is truncated: its gzip data end after"),
        "bit flipped": (IMAGES, compressed[:middle] + bit + compressed[middle + 1 :], "is damaged: its gzip"),
        "pixel changed": (IMAGES, gzip.compress(dark), f"{IMAGES} is not Little-MNIST: the SHA-256 of its"),
        "page": (LABELS, b"<!DOCTYPE html><title>Sign in</title>", f"{LABELS} is an HTML page (a login or"),
        "compressed page": (LABELS, gzip.compress(b"<html>Sign in"), f"{LABELS} is an HTML page"),
        "lying header": (LABELS, gzip.compress(lying), "the header claims 2147483648, which is"),
        "short content": (LABELS, gzip.compress(labels[:-3]), "is truncated, or its header is wrong: the"),
        "bomb": (LABELS, gzip.compress(bytes(10**6)), f"{LABELS} holds more than the {len(labels)} bytes"),
        "endless": (LABELS, endless, "sends more than the"),
        "breaks off": (LABELS, breaks_off, "closed the connection before the end"),
        "hangs": (LABELS, hang(stopped), "sent nothing for 0.4 s"),
        "trickles": (LABELS, trickle(stopped), "not finished when the 2 s for all downloads were over"),
        "missing": (LABELS, lambda handler: handler.send_error(404), "answers HTTP 404 Not Found"),
        "broken": (LABELS, lambda handler: handler.send_error(503), "answers HTTP 503"),
    }  # fmt: skip


KINDS = list(bad_answers(make_contents(seed=1), threading.Event()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_mirror_is_named_passed_over_and_leaves_nothing_false(
    kind: str,
    published: Files,
    contents: dict[str, bytes],
    place: Path,
    mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, answer, message = bad_answers(contents, mirrors.stopped)[kind]
    good = mirrors.offer_good(contents)
    bad = mirrors.offer("bad", {n: gzip.compress(c) for n, c in contents.items()} | {name: answer})

    use(monkeypatch, bad)
    start = time.monotonic()
    with pytest.raises(DataUnavailable) as failure:
        fetch(published, place)
    assert time.monotonic() - start < 4
    assert f"  - mirror {bad}: " in str(failure.value)
    assert message in str(failure.value)
    assert cached(place) == {}

    if kind != "trickles":  # the time for all downloads is spent by then, as it should be
        use(monkeypatch, bad, good)
        said: list[str] = []
        assert fetch(published, place, said).contents == contents == cached(place)
        assert any(line.startswith(f"not used: mirror {bad}: ") and message in line for line in said)


def test_another_data_set_under_the_same_names_is_found_out_by_the_first_small_file(
    published: Files, place: Path, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = make_contents(seed=2) | {name: make_contents(seed=1)[name][:-1] + b"\3" for name in NAMES[:2]}
    digits[NAMES[0]] = digits[NAMES[0]][:-1] + b"\0"
    use(monkeypatch, mirrors.offer_good(digits))
    with pytest.raises(DataUnavailable) as failure:
        fetch(published, place)
    expected = published.files[0].sha256
    assert f"{NAMES[0]} is not Little-MNIST: the SHA-256 of its content is " in str(failure.value)
    assert f"expected {expected}; a mirror once served digit MNIST under these names" in str(failure.value)
    assert mirrors.requests == [f"/good/{NAMES[0]}.gz"]
    assert cached(place) == {}


def test_a_server_that_is_not_there(published: Files, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "http://127.0.0.1:9/", "http://no-such-host.invalid/")
    with pytest.raises(DataUnavailable) as failure:
        fetch(published, place)
    assert "mirror http://127.0.0.1:9/: refuses the connection" in str(failure.value)
    assert "mirror http://no-such-host.invalid/: " in str(failure.value)


def test_good_files_of_a_mirror_that_fails_later_are_kept(
    published: Files,
    contents: dict[str, bytes],
    place: Path,
    mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = mirrors.offer("half", {name: gzip.compress(contents[name]) for name in NAMES[:2]})
    use(monkeypatch, half, mirrors.offer_good(contents))
    assert fetch(published, place).contents == contents == cached(place)
    assert mirrors.requests.count(f"/good/{NAMES[0]}.gz") == 0


# The cache


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-1], "is truncated, or its header is wrong"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "is not Little-MNIST: the SHA-256"),
        (lambda content: content + b"!", "holds more than the"),
        (lambda content: b"", "is empty"),
    ],
)
def test_a_damaged_cache_is_reported_and_mended(
    damage: object, message: str, published: Files, contents: dict[str, bytes], place: Path, mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    good = mirrors.offer_good(contents)
    use(monkeypatch, good)
    fetch(published, place)
    path = place / "cache" / "little-mnist" / IMAGES
    path.write_bytes(damage(path.read_bytes()))
    damaged = path.read_bytes()

    use(monkeypatch)
    with pytest.raises(DataUnavailable, match=message):
        fetch(published, place)
    assert path.read_bytes() == damaged

    use(monkeypatch, good)
    said: list[str] = []
    mirrors.requests.clear()
    assert fetch(published, place, said).contents == contents == cached(place)
    assert said[0].startswith(f"not used: cache {path.parent}: {IMAGES} ")
    assert message in said[0]
    assert mirrors.requests == [f"/good/{IMAGES}.gz"]


def test_a_cache_that_cannot_be_written_costs_no_data(
    published: Files,
    contents: dict[str, bytes],
    place: Path,
    mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (place / "cache").write_text("a file where the folder should be")
    use(monkeypatch, mirrors.offer_good(contents))
    said: list[str] = []
    assert fetch(published, place, said).contents == contents
    assert said[-1].startswith("the data are good but could not be kept in the cache: ")


@pytest.mark.parametrize(
    ("own", "xdg", "expected"),
    [
        ("/a", "/b", "/a"),
        (None, "/b", "/b/fashionlab"),
        ("", "relative", "{home}/.cache/fashionlab"),
        (None, None, "{home}/.cache/fashionlab"),
    ],
)
def test_the_cache_s_place(own: str, xdg: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FASHIONLAB_CACHE", own), ("XDG_CACHE_HOME", xdg)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected.format(home=Path.home()))


# The folders


@pytest.mark.parametrize("compressed", [False, True])
def test_a_named_folder_is_the_only_source(
    compressed: bool,
    published: Files,
    contents: dict[str, bytes],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = place / "mine"
    folder.mkdir()
    for name, content in contents.items():
        path = folder / (f"{name}.gz" if compressed else name)
        path.write_bytes(gzip.compress(content) if compressed else content)
    assert fetch(published, place, data_dir=folder) == Obtained(contents, f"folder {folder}")
    monkeypatch.setenv("FASHIONLAB_DATA", str(folder))
    assert fetch(published, place).source == f"folder {folder}"
    assert cached(place) == {}
    with pytest.raises(UsageError, match="/other: there is no such folder; expected one that holds t10k-images"):
        fetch(published, place, data_dir=place / "other")


def test_a_bad_named_folder_is_an_error_at_once(
    published: Files,
    contents: dict[str, bytes],
    place: Path,
    mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, mirrors.offer_good(contents))
    folder = place / "mine"
    folder.mkdir()
    with pytest.raises(DataUnavailable, match=f"data folder {folder}: lacks {LABELS} "):
        fetch(published, place, data_dir=folder)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / IMAGES).write_bytes(contents[IMAGES][:-1])
    with pytest.raises(DataInvalid, match=f"data folder {folder}: {IMAGES} is truncated"):
        fetch(published, place, data_dir=folder)
    assert mirrors.requests == []


def test_the_system_s_folder_comes_before_mirrors_and_is_cached_decompressed(
    published: Files,
    contents: dict[str, bytes],
    place: Path,
    mirrors: Mirrors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, mirrors.offer_good(contents))
    folder = place / "system" / "little-mnist"
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    said: list[str] = []
    assert fetch(published, place, said, system=folder.parent).source == f"system folder {folder}"
    assert cached(place) == contents
    assert (mirrors.requests, said) == ([], [])


def test_when_nothing_works_the_message_says_all_and_how_to_go_on(
    published: Files, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    files = replace(published, mirrors=("http://127.0.0.1:9/data/",), package="dataset-little-mnist")
    monkeypatch.delenv("FASHIONLAB_MIRRORS")
    monkeypatch.setenv("PATH", str(place))
    with pytest.raises(DataUnavailable) as failure:
        fetch(files, place)
    assert str(failure.value).splitlines() == [
        "Little-MNIST could not be had from any source:",
        f"  - cache {place}/cache/little-mnist: there is no such folder",
        f"  - system folder {place}/none/little-mnist: there is no such folder",
        "  - mirror http://127.0.0.1:9/data/: refuses the connection",
        "  - package dataset-little-mnist: apt-get and dpkg-deb not found (not a Debian or Ubuntu system)",
        "To supply it by hand, put these files (each as it is or with .gz) into one folder and name it "
        "with data_dir or $FASHIONLAB_DATA:",
        "  t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, train-images-idx3-ubyte, train-labels-idx1-ubyte",
        "They are published, with .gz, at",
        "  http://127.0.0.1:9/data/",
    ]


# The distribution's package


@pytest.fixture
def packaged(published: Files, contents: dict[str, bytes], place: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The registry with a package, a real .deb built here, and a fake apt-get that copies it."""
    from dataclasses import replace

    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb on this machine")
    tree = place / "tree"
    folder = tree / "usr/share/datasets/little-mnist"
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        "Package: dataset-little-mnist\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.invalid>\nDescription: x\n"
    )
    subprocess.run(["dpkg-deb", "-b", str(tree), str(place / "little.deb")], check=True, capture_output=True)
    tools = place / "tools"
    tools.mkdir()
    write_apt(place, f"cp {place}/little.deb dataset-little-mnist_1_all.deb")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return replace(published, package="dataset-little-mnist")


def write_apt(place: Path, body: str) -> None:
    path = place / "tools" / "apt-get"
    path.write_text(f'#!/bin/sh\necho "$@" >> {place}/asked\nfor order; do :; done\n{body}\n')
    path.chmod(0o755)


def test_a_package_is_unpacked_into_the_cache_and_announced(
    packaged: Files, contents: dict[str, bytes], place: Path
) -> None:
    said: list[str] = []
    assert fetch(packaged, place, said) == Obtained(contents, "package dataset-little-mnist")
    assert cached(place) == contents
    assert said == [
        "fetching the distribution's package dataset-little-mnist with apt-get; "
        "it is unpacked into the cache, not installed"
    ]
    assert "install" not in (place / "asked").read_text()


MISSING_LISTS = """
case "$order" in
  update) touch {place}/updated;;
  *) if [ -e {place}/updated ]; then cp {place}/little.deb x.deb
     else echo 'E: Unable to locate package dataset-little-mnist' >&2; exit 100; fi;;
esac"""


def test_missing_package_lists_are_refreshed_by_root(
    packaged: Files, contents: dict[str, bytes], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_apt(place, MISSING_LISTS.format(place=place))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(DataUnavailable, match=r"Unable to locate package .*; run `sudo apt-get update` and try again"):
        fetch(packaged, place)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said: list[str] = []
    assert fetch(packaged, place, said).contents == contents
    assert said[1].startswith("refreshing the package lists (apt-get update)")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo 'W: x' >&2; echo 'E: Failed to fetch it' >&2; exit 100", "status 100: E: Failed to fetch it"),
        ("exit 3", "apt-get download failed with status 3: no reason given"),
        ("sleep 30", "apt-get download took longer than 1 s"),
        (":", "apt-get download left 0 packages; expected one"),
        ("echo nonsense > x.deb", "dpkg-deb -x failed with status 2: dpkg-deb: error:"),
    ],
)
def test_each_way_a_package_fails(
    body: str, message: str, packaged: Files, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "DOWNLOAD_SECONDS", 1)
    write_apt(place, body)
    with pytest.raises(DataUnavailable) as failure:
        fetch(packaged, place)
    assert message in str(failure.value)
    assert cached(place) == {}


def test_a_package_is_verified_like_everything_else(packaged: Files, place: Path) -> None:
    from dataclasses import replace

    files = tuple(replace(file, sha256="0" * 64) for file in packaged.files)
    with pytest.raises(DataUnavailable, match=f"package dataset-little-mnist: {NAMES[0]} is not Little-MNIST"):
        fetch(replace(packaged, files=files), place)
    assert cached(place) == {}


# The real data set


def test_the_real_package(place: Path) -> None:
    """Needs root (for the lists), Debian or Ubuntu, and their package mirror: about 10 seconds and 30 MB."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("THE REAL PACKAGE IS NOT TESTED: this is not root on Debian or Ubuntu")
    try:
        obtained = fetch(FASHION_MNIST, place)
    except DataUnavailable as error:
        if "apt-get" not in str(error):
            raise
        pytest.skip(f"THE REAL PACKAGE IS NOT TESTED: {error}")
    assert obtained.source == "package dataset-fashion-mnist"
    assert {name: len(content) for name, content in obtained.contents.items()} == {
        file.name: file.size for file in FASHION_MNIST.files
    }
    times = []
    for _ in range(3):
        start = time.perf_counter()
        assert fetch(FASHION_MNIST, place).source.endswith(")")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3


def test_digit_mnist_s_shapes_do_not_pass_for_fashion(place: Path) -> None:
    """Files of Fashion-MNIST's own names, sizes and headers, with other content."""
    folder = place / "digits"
    folder.mkdir()
    for file in FASHION_MNIST.files:
        rows = 60_000 if file.name.startswith("train") else 10_000
        shape = (rows, 28, 28)[: file.dimensions]
        header = struct.pack(f">HBB{file.dimensions}I", 0, 8, file.dimensions, *shape)
        (folder / file.name).write_bytes(header + bytes(file.size - len(header)))
    with pytest.raises(DataError, match=r"is not Fashion-MNIST: the SHA-256 .*; a mirror once served digit MNIST"):
        fetch(FASHION_MNIST, place, data_dir=folder)
