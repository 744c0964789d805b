"""Where the models and tables lie that come with Emotify: in a checkout, or inside an installation.

A checkout has them at its top, in ``models/`` and ``data/``; a wheel carries the same folders
inside this package (`pyproject.toml` says which files). `restored` says how they come back where
somebody lost them.
"""

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from foundation.errors import InputError
from foundation.text import as_word

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


def restored(*parts: str) -> str:
    """Say how a file or folder that comes with Emotify comes back, whatever way this was installed.

    Parameters
    ----------
    parts
        As for `shipped`.
    """
    name = "/".join(parts)
    if IS_INSTALLED:
        origin = as_word(_origin() or "emotify-VERSION-py3-none-any.whl")
        return f"`pip install --force-reinstall --no-deps {origin}` brings it back"
    if (CHECKOUT / ".git").exists():
        return f"`git -C {as_word(CHECKOUT)} checkout HEAD -- {name}` brings it back"
    return (
        f"{CHECKOUT} is neither an installation nor a checkout of git: get all of Emotify's files, "
        f"{name} among them, into a new folder, and then: pip install FOLDER"
    )


def _origin() -> str | None:
    """Return what pip was told to install, if it was told by an address and wrote it down."""
    try:
        written = distribution("emotify").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    told = json.loads(written or "{}")
    prefix = f"{told['vcs_info']['vcs']}+" if "vcs_info" in told else ""
    return prefix + told["url"] if "url" in told else None


def beside_notebooks(path: str | Path | None) -> Path | None:
    """Return where a notebook finds or leaves a file, whatever folder its kernel runs in.

    Parameters
    ----------
    path
        An absolute one stays. A relative one counts from the folder of the notebooks; what is not
        there, but is where the kernel runs, or at the top of the checkout, is taken from there.
        None is None.
    """
    if path is None:
        return None
    path = Path(path).expanduser()
    if IS_INSTALLED:
        return path.absolute()
    # An absolute path swallows what is before it.
    places = [folder / path for folder in (CHECKOUT / "notebooks", Path.cwd(), CHECKOUT)]
    return next((place for place in places if place.exists()), places[0])
