"""A section of an insight or a report, and what stands in its place where it cannot be made."""

from msgspec import Struct


class Section(Struct, frozen=True, tag=True, tag_field="type"):
    """Base of the sections that may be missing: in JSON, `type` says which of the two it is."""


class Missing(Section, frozen=True):
    """reason: why there is no such section, in words for people."""

    reason: str
