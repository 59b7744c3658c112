"""`--open`: the page is shown once it is written; where it cannot be, a sentence says where it lies."""

import json
import sys

import click
import pytest

from fashionlab.cli.common import OPEN, open_if_asked, print_json

CSV = "seed,arm,score\n" + "".join(f"{seed},{arm},{0.8 + 0.001 * seed}\n" for seed in range(3) for arm in ("a", "b"))


@pytest.fixture
def browser(tmp_path, monkeypatch):
    """A stand-in: a program that notes what it is asked to show, and says something about itself."""
    program, shown = tmp_path / "browser.py", tmp_path / "shown.txt"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(shown)!r}, 'a').write(sys.argv[1])\nprint('chatter')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    return shown


@pytest.fixture
def no_browser(monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")


def test_a_page_is_shown_when_it_is_written_and_the_output_stays_one_document(ask, tmp_path, browser):
    (tmp_path / "results.csv").write_text(CSV)
    status, out, error = ask("study", "import", "results.csv", "--json", "--open")
    (page,) = tmp_path.glob("runs/*/report/index.html")
    assert status == 0
    assert browser.read_text() == page.resolve().as_uri()
    assert json.loads(out)["name"] == page.parent.parent.name
    assert "chatter" in error
    # What lies there already is shown too.
    browser.unlink()
    assert ask("study", "show", "--open")[0] == 0
    assert browser.read_text() == page.resolve().as_uri()


def test_without_a_browser_a_sentence_says_where_the_page_is_and_the_status_stays(ask, tmp_path, no_browser):
    (tmp_path / "results.csv").write_text(CSV)
    status, out, error = ask("study", "import", "results.csv", "--open")
    (page,) = tmp_path.glob("runs/*/report/index.html")
    assert status == 0
    assert out.splitlines()[-1] == str(page.relative_to(tmp_path))
    assert error.splitlines()[-1] == f"--open: no browser can be opened here; the page is {page}"


def test_a_browser_that_cannot_be_started_is_no_failure(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("BROWSER", "/nowhere/browser")
    monkeypatch.setattr("webbrowser.open", lambda address: False)

    @click.command(params=[OPEN])
    def command():
        print_json({"done": 1})
        open_if_asked(tmp_path / "index.html")

    assert command.main(["--open"], standalone_mode=False) is None
    out, error = capfd.readouterr()
    assert json.loads(out) == {"done": 1}
    assert error == f"--open: no browser can be opened here; the page is {tmp_path.resolve() / 'index.html'}\n"


@pytest.mark.parametrize("flags", [("--open", "--no-report"), ("--no-report", "--open")])
@pytest.mark.parametrize(
    "command", [("train", "mlp"), ("study", "mlp", "--change", "dropout=0"), ("lesson", "overfit")]
)
def test_open_and_no_report_are_refused_together(ask, command, flags):
    status, _, error = ask(*command, *flags)
    assert status == 2
    assert "--open shows the page that --no-report does not make; leave one of them out." in error


def test_what_makes_no_page_says_so(ask):
    status, _, error = ask("lesson", "--open")
    assert status == 0
    assert error == "--open: no page was made, so there is none to show\n"
