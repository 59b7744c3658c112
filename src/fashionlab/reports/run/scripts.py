"""The files of `templates/`, and the scripts of a run's page that are made of several of them."""

from importlib.resources import files

PHOTO_SCRIPTS = ("arrays", "headers", "reading", "ground", "garment", "simple", "see", "crop")
"""In `templates/photos/`, in the order of their imports; as the modules of `photos/`, and the choice of a part."""

TRY_SCRIPTS = ("network", "pictures", "layers", "tryit")
"""In `templates/tryit/`, in the order of their imports; `network` as `portable/forward.py`."""


def page_text(name: str) -> str:
    """A file of `templates/`: a template, a style sheet, a script."""
    return (files("fashionlab.reports") / "templates" / name).read_text(encoding="utf-8")


def photo_script() -> str:
    """The steps from a photograph to what the network sees: `fashionlabPhotos.see`, described in `see.js`."""
    return "".join(page_text(f"photos/{name}.js") for name in PHOTO_SCRIPTS)


def try_script() -> str:
    """All that the section to try the network in needs."""
    return photo_script() + "".join(page_text(f"tryit/{name}.js") for name in TRY_SCRIPTS)
