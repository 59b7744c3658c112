"""A page's outline, for tests."""

import re
from html.parser import HTMLParser


class Outline(HTMLParser):
    """Headings, addresses and pictures without a text alternative."""

    def __init__(self, text):
        super().__init__()
        self.headings, self.addresses, self.silent, self.identifiers = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.addresses += [attributes[name] for name in ("src", "href", "srcset", "action") if name in attributes]
        self.identifiers += [attributes["id"]] if "id" in attributes else []
        pictorial = tag in ("img", "svg") or "pic" in attributes.get("class", "").split()
        pictorial &= attributes.get("aria-hidden") != "true"
        if pictorial and "alt" not in attributes and not attributes.get("aria-label"):
            self.silent.append((tag, attrs))


def unmarked(page):
    """A page without the marks of its terms, so that a text on it is one text."""
    return re.sub(r"</?u\b[^>]*>", "", page)
