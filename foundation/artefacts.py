"""Model folders: settings and arrays or networks flow in and out, whole or not at all.

Every model that is loaded lies in a folder of one shape, whoever trained it::

    settings.json        name and version of the format, and what the model is
    ...                  the files that are loaded
    SHA256SUMS           checksums of all these, as `sha256sum -c` reads them
    README.md            model card (in what comes with Emotify)

An `ArtefactKind` says which files a kind of model has; its `load` hands them over once they are
known to be whole, and answers everything else in the same words. `saving` replaces a folder's files
together (`foundation.safe_write.files_together`), so whoever is killed on the way leaves the old
model or the new one. Folders from before there were checksums are loaded without.
"""

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from foundation.errors import InputError
from foundation.safe_write import ON_THE_WAY, files_together, read_together
from foundation.shipped import restored
from foundation.text import printable

if TYPE_CHECKING:
    import onnxruntime

SETTINGS_FILE = "settings.json"
SUMS_FILE = "SHA256SUMS"
SUMS_LINE = re.compile(r"([0-9a-f]{64}) [ *](\S.*)")

T = TypeVar("T")


@dataclass(frozen=True)
class ArtefactKind:
    """A kind of model folder.

    Attributes
    ----------
    name, version
        Of the format, as they stand in the settings; no other version is read.
    title
        Messages begin with it and the folder.
    files
        What is loaded beside the settings.
    advice
        What to do about a folder that cannot be used; messages end with it.
    shipped
        The folder of this kind that comes with Emotify, for which there is other advice.
    settings_file, version_key
        Where name and version stand.
    settings_needed
        False for a kind that had no settings in the beginning.
    alone
        Whether a folder with other things in it, and no model yet, is not for this kind.
    """

    name: str
    version: int
    title: str
    files: tuple[str, ...]
    advice: str
    shipped: Path | None = None
    settings_file: str = SETTINGS_FILE
    version_key: str = "format_version"
    settings_needed: bool = True
    alone: bool = False

    def load(self, folder: str | Path, build: Callable[["Contents"], T]) -> T:
        """Return what `build` makes of a folder.

        Parameters
        ----------
        folder
            Where `saving` wrote.
        build
            Takes settings and files. It may raise what `Contents.refusal` returns; any other error
            means that the folder is broken.

        Raises
        ------
        InputError
            If the folder is missing, foreign, of another version, changed or broken.
        """
        folder = Path(folder)
        try:
            return build(self._read(folder))
        except InputError:
            raise
        except Exception as error:
            # NumPy, zipfile and ONNX Runtime each raise their own kinds for a damaged file, and
            # those of ONNX Runtime have no base in common.
            raise self.refusal(folder, f"is broken ({_reason(error)})") from error

    def refusal(self, folder: Path, what: str) -> InputError:
        """Return the error for a folder that cannot be used; `what` says what is wrong with it."""
        advice = self.advice
        if folder == self.shipped:
            advice = "it comes with Emotify: install that again; " + restored("models", folder.name)
        return InputError(f"{self.title} {printable(folder)}: {what}; {advice}")

    @contextmanager
    def saving(self, folder: str | Path, settings: Mapping[str, Any]) -> Iterator[Path]:
        """Yield an empty folder to write the files to; they replace those in `folder` together.

        Parameters
        ----------
        folder
            Target; made if it is not there. Files of other names in it stay.
        settings
            What the settings say beside name and version.

        Raises
        ------
        InputError
            If `folder` cannot be written to, or holds another kind of model.
        """
        folder = Path(folder)
        self.check_target(folder)
        with files_together(folder) as staged:
            yield staged
            stored = {"format": self.name, self.version_key: self.version, **settings}
            _write_settings(staged / self.settings_file, stored)
            loaded = (self.settings_file, *self.files)
            _write_sums(staged, {name: _digest((staged / name).read_bytes()) for name in loaded})

    def check_target(self, folder: str | Path) -> None:
        """Raise `InputError` where a model of this kind would lie among what is not its own."""
        folder = Path(folder)
        try:
            foreign = read_settings(folder, self.settings_file).get("format") != self.name
        except FileNotFoundError:
            others = {path.name for path in folder.glob("*")} - set(ON_THE_WAY)
            foreign = self.alone and bool(others)
        except (OSError, ValueError):  # broken ones are mended by a new model
            foreign = folder.is_file()
        if foreign:
            raise InputError(
                f"{printable(folder)} exists and is no {self.title} ({self.name}); choose a new or "
                "empty folder"
            )

    def _read(self, folder: Path) -> "Contents":
        if not folder.is_dir():
            raise self.refusal(folder, "no such folder")
        settings = self._settings(folder)
        names = (self.settings_file, *self.files) if settings else self.files
        files = {name: self._file(folder, name) for name in names}
        digests = {name: _digest(content) for name, content in files.items()}
        self._check_sums(folder, digests)
        return Contents(self, folder, settings, files, digests)

    def _check_sums(self, folder: Path, digests: Mapping[str, str]) -> None:
        sums = self._sums(folder)
        if sums is None:
            return
        for name, digest in digests.items():
            if name not in sums:
                raise self.refusal(folder, f"is broken ({SUMS_FILE} does not name {name})")
            if sums[name] != digest:
                raise self.refusal(
                    folder,
                    f"{name} does not match {SUMS_FILE}, so it was damaged, or changed by hand (if "
                    f"that was you, delete {SUMS_FILE})",
                )

    def _file(self, folder: Path, name: str) -> bytes:
        try:
            return read_together(folder, name)
        except FileNotFoundError as error:
            raise self.refusal(folder, f"{name} is missing") from error
        except OSError as error:
            raise self.refusal(folder, f"{name} cannot be read ({error.strerror})") from error

    def _settings(self, folder: Path) -> dict[str, Any]:
        try:
            settings = read_settings(folder, self.settings_file)
        except FileNotFoundError as error:
            if self.settings_needed or self._sums(folder) is not None:
                raise self.refusal(folder, f"{self.settings_file} is missing") from error
            return {}
        except (OSError, ValueError) as error:
            what = f"{self.settings_file} is broken ({_reason(error)})"
            raise self.refusal(folder, what) from error
        if settings.get("format") != self.name:
            raise self.refusal(folder, f"{self.settings_file} is not of {self.name}")
        if settings.get(self.version_key) != self.version:
            raise self.refusal(
                folder,
                f"has format version {settings.get(self.version_key)}, this Emotify reads "
                f"{self.version}",
            )
        return settings

    def _sums(self, folder: Path) -> dict[str, str] | None:
        try:
            return _read_sums(folder)
        except (OSError, ValueError) as error:
            raise self.refusal(folder, f"{SUMS_FILE} is broken ({_reason(error)})") from error


@dataclass(frozen=True, eq=False)
class Contents:
    """A model folder that was read: what its files hold.

    Attributes
    ----------
    kind, folder
        What it is, and where.
    settings
        All that the settings say.
    files
        The files' bytes by name, the settings included.
    digests
        Their SHA-256 in hexadecimal.
    """

    kind: ArtefactKind
    folder: Path
    settings: dict[str, Any]
    files: dict[str, bytes] = field(repr=False)
    digests: dict[str, str] = field(repr=False)

    def refusal(self, what: str) -> InputError:
        """Return the error for a folder of which `what` is wrong."""
        return self.kind.refusal(self.folder, what)

    def expect(self, **values: Any) -> None:
        """Raise `InputError` unless these values stand in the settings."""
        for name, value in values.items():
            found = self.settings.get(name)
            if found != value:
                raise self.refusal(f"has {name} {found!r}, expected {value!r}")

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of an ``.npz`` file; nothing is unpickled, so it cannot run code."""
        with np.load(io.BytesIO(self.files[name]), allow_pickle=False) as stored:
            return dict(stored)

    def network(self, name: str, *inputs: str) -> "onnxruntime.InferenceSession":
        """Return an ``.onnx`` file for ONNX Runtime to run, by the thread that calls it.

        Raises
        ------
        ValueError
            If the network does not take `inputs`. ONNX Runtime has errors of its own for what is
            no network.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # What we ask at once is too small to share: threads only add start-up and contention.
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            self.files[name], options, providers=["CPUExecutionProvider"]
        )
        taken = [node.name for node in session.get_inputs()]
        if set(taken) != set(inputs):
            raise ValueError(f"{name} takes {taken}, expected {list(inputs)}")
        return session


def read_settings(folder: Path, name: str = SETTINGS_FILE) -> dict[str, Any]:
    """Return the settings of a model folder, of whichever kind, unchecked.

    Raises
    ------
    OSError, ValueError
        If there are none, or they are no JSON. What is JSON but no object is empty.
    """
    settings = json.loads(read_together(folder, name).decode("utf-8"))
    return settings if isinstance(settings, dict) else {}


def update_settings(folder: Path, changes: Mapping[str, Any]) -> None:
    """Set values in the ``settings.json`` of a model folder, and its checksum where there is one.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    OSError, ValueError
        If there are no settings.
    """
    with files_together(folder) as staged:
        settings = {**read_settings(folder), **changes}
        digest = _write_settings(staged / SETTINGS_FILE, settings)
        sums = _read_sums(folder)
        if sums is not None:
            _write_sums(staged, {**sums, SETTINGS_FILE: digest})


def _write_settings(path: Path, settings: Mapping[str, Any]) -> str:
    content = (json.dumps(settings, indent=2) + "\n").encode()
    path.write_bytes(content)
    return _digest(content)


def _write_sums(folder: Path, sums: Mapping[str, str]) -> None:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    (folder / SUMS_FILE).write_bytes(lines.encode())


def _read_sums(folder: Path) -> dict[str, str] | None:
    try:
        lines = read_together(folder, SUMS_FILE).decode("utf-8").splitlines()
    except FileNotFoundError:
        return None
    found = [SUMS_LINE.fullmatch(line) for line in lines]
    return {match[2]: match[1] for match in found if match}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
