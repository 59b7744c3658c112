"""Scripts of a run's page that are made of several files."""

from fashionlab.reports.run.render import page_text

PHOTO_SCRIPTS = ("arrays", "headers", "reading", "ground", "garment", "simple", "see", "crop")
"""In `templates/photos/`, in the order of their imports; as the modules of `photos/`, and the choice of a part."""


def photo_script() -> str:
    """The steps from a photograph to what the network sees: `fashionlabPhotos.see`, described in `see.js`."""
    return "".join(page_text(f"photos/{name}.js") for name in PHOTO_SCRIPTS)
