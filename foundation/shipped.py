"""Where the models and tables lie that come with Emotify: in a checkout, or inside an installation.

A checkout has them at its top, in ``models/`` and ``data/``; a wheel carries the same folders
inside this package (`pyproject.toml` says which files).
"""

from pathlib import Path

from foundation.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[1]
_INSTALLED = Path(__file__).resolve().with_name("files")
IS_INSTALLED = _INSTALLED.is_dir()  # from a wheel, away from any checkout
_ROOT = _INSTALLED if IS_INSTALLED else CHECKOUT


def shipped(*parts: str) -> Path:
    """Return the path of a file or folder that comes with Emotify, such as ``"models", "ser"``."""
    return _ROOT.joinpath(*parts)


def require_checkout(what: str, instead: str = "") -> None:
    """Refuse what works on the files of a checkout that no wheel carries.

    Parameters
    ----------
    what
        Whatever needs a checkout, the sentence's subject.
    instead
        What an installation has for the same purpose.

    Raises
    ------
    InputError
        If Emotify was installed from a wheel.
    """
    if IS_INSTALLED:
        raise InputError(
            f"{what} needs a checkout of Emotify, and this is an installation; run it at the top "
            f"of a checkout{f', or {instead}' if instead else ''}"
        )
