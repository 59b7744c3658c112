"""Terms are marked where they stand, and a page's text stays as it is."""

import re

from fashionlab.reports.run.glossary import GLOSSARY, explained


def terms(page):
    return re.findall(r'<u class="term" tabindex="0" title="[^"]+">([^<]+)</u>', page)


def test_the_first_of_each_term_in_a_section_is_marked_and_nothing_else_changes():
    page = (
        "<section><h2>Temperature</h2><p>The logits, divided by a temperature. The temperature is in no "
        "<code>nats</code>.</p><svg><text>nats</text></svg></section>"
        "<section><p>norm batch, batch 256, temperature, a logit</p></section>"
        '<script>if (1 < 2) { "nats"; }</script>'
    )
    found = explained(page)
    assert terms(found) == ["logits", "temperature", "batch", "temperature", "logit"]
    assert re.sub(r"</?u[^>]*>", "", found) == page


def test_every_meaning_is_text_that_an_attribute_can_hold_and_every_term_is_found():
    for pattern, meaning in GLOSSARY.items():
        assert not set('<>&"') & set(meaning)
        assert meaning[0].isupper()
        assert meaning.endswith((".", ")"))
        assert re.compile(pattern)


def test_what_is_clicked_or_names_something_is_left_alone():
    page = "<button>epoch</button><a href='#x'>epoch</a><summary>epoch</summary><li>epoch</li><p>epochal</p>"
    assert explained(page) == page
