"""The linter, the formatter and the type checker, as the developers run them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=["lint", "format", "types"],
)
def test_the_code_is_clean(command):
    answer = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_locks_agree_and_hold_no_addresses():
    def pins(name):
        lines = (ROOT / "locks" / name).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}

    everything = pins("all.txt")
    assert pins("core.txt") < pins("tests.txt") < everything, "make lock"
    assert pins("core.txt") < pins("notebook.txt") < everything
    for name in ("core.txt", "tests.txt", "notebook.txt", "all.txt"):
        text = (ROOT / "locks" / name).read_text()
        assert "://" not in text
        assert text.count("--hash=sha256:") >= len(pins(name)) > 20
        assert "\ntorch==" not in text
    assert not any(pin.startswith("tensorflow==") for pin in pins("core.txt"))
