"""The sections of a report, one a file: each takes a run and returns plain data, or {"missing": why}."""
