"""Where the models and tables lie that come with Emotify: in a checkout, or inside an installation.

A checkout has them at its top, in ``models/`` and ``data/``; a wheel carries the same folders
inside this package (`pyproject.toml` says which files).
"""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
_INSTALLED = Path(__file__).resolve().with_name("files")
_ROOT = _INSTALLED if _INSTALLED.is_dir() else CHECKOUT


def shipped(*parts: str) -> Path:
    """Return the path of a file or folder that comes with Emotify, such as ``"models", "ser"``."""
    return _ROOT.joinpath(*parts)
