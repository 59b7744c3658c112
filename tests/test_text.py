"""Foreign text: what becomes of names in which something would act, and of those in any language."""

import json
import pickle

import pytest

from fashionlab.errors import DataUnavailable, UsageError
from fashionlab.text import one_line, readable_json

ACTING = {
    "a\x1b[31mred\x1b[0m": "a\\x1b[31mred\\x1b[0m",
    "a\x9b31m": "a\\x9b31m",
    "a\rb": "a b",
    "a\n\n  b\tc\x85d\u2028e": "a b c d e",
    "a\x00b\x7f": "a\\x00b\\x7f",
    "a\u202egpj.exe\u202c": "a\\u202egpj.exe\\u202c",
    "\u2066a\u2069\u200f": "\\u2066a\\u2069\\u200f",
    "caf\udce9": "caf\\udce9",
    "a\ufeff\ufffe\U000e0041": "a\\ufeff\\ufffe\\U000e0041",
}
"""Texts in which something acts, and how they are shown."""

READABLE = (
    "帽子\u3000와 靴", "قبعة صغيرة", "می‌خواهم", "כובע", "Шапка", "हिन्दी", "ភាសា​ខ្មែរ", "👩‍👧 ❤️ 🏳️‍🌈",
    "90.1\xa0%", "[red]x[/red] :smile: $x_1$ {{7*7}}",
)  # fmt: skip


@pytest.mark.parametrize("text", ACTING, ids=ascii)
def test_what_would_act_is_shown_in_one_line(text):
    assert one_line(text) == one_line(ACTING[text]) == ACTING[text]


@pytest.mark.parametrize("text", READABLE, ids=ascii)
def test_text_in_any_language_stays_as_it_is(text):
    assert one_line(text) == text
    assert readable_json(text) == f'"{text}"'


@pytest.mark.parametrize("text", ACTING, ids=ascii)
def test_json_has_the_same_value_in_text_that_does_not_act(text):
    printed = readable_json({text: [text]}, indent=2).encode(errors="backslashreplace").decode()
    assert json.loads(printed) == {text: [text]}
    assert [one_line(line) for line in printed.split("\n")] == printed.split("\n")


@pytest.mark.parametrize("text", ACTING, ids=ascii)
def test_an_error_keeps_its_own_line_breaks_alone(text):
    error = DataUnavailable(f"no {text}", text)
    error.add_note(f"{text}\n  there")
    assert str(error) == f"no {ACTING[text]}\n{ACTING[text]}"
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert error.__notes__[0].endswith("\n  there")
    assert one_line(str(UsageError(Exception(text)))) == str(UsageError(text))
