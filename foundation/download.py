"""Fetch one archive over HTTP and unpack it: a `Remote` flows in, checked files flow out.

A download goes to ``NAME.partial`` beside its target and takes the target's name only when its
checksum is right, so a file called `NAME` is whole. Whatever interrupts it (a cut connection,
Ctrl-C, a full disk) leaves a ``.partial`` that the next call continues with a Range request.
The checksum, not the server's word, decides whether the pieces fit together.
"""

import functools
import hashlib
import re
import shutil
import stat
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import requests

from foundation.errors import InputError
from foundation.progress import progress_bar
from foundation.safe_write import FULL_DISK, whole_file

ATTEMPTS = 5  # connections tried in one call; what they fetched is kept for the next call
FIRST_WAIT_SECONDS = 1.0  # doubled before each further attempt: 15 s of waiting in all
TIMEOUT_SECONDS = 20.0  # for connecting, and for each silence while reading
CHUNK_BYTES = 1 << 16  # small, because a cut loses what is left of a chunk

TEMPORARY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
SPELLED = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256"}


class DownloadError(InputError):
    """An archive cannot be fetched or unpacked; the message says why and what to do."""


class _CutError(Exception):
    """One attempt failed, but another may succeed."""


@dataclass(frozen=True)
class Remote:
    """A file to be fetched.

    Attributes
    ----------
    filename
        Name of the file once it is here.
    url
        Where it is.
    md5, sha1, sha256
        Its checksums in hexadecimal, or None where the publisher does not give them.
    """

    filename: str
    url: str
    md5: str | None = None
    sha1: str | None = None
    sha256: str | None = None

    @property
    def checksums(self) -> dict[str, str]:
        """The checksums that are known, by the name that `hashlib` gives them."""
        named = {"md5": self.md5, "sha1": self.sha1, "sha256": self.sha256}
        return {name: value.lower() for name, value in named.items() if value is not None}


def download(
    remote: Remote, folder: str | Path, *, url: str | None = None, progress: bool = True
) -> Path:
    """Fetch `remote` into `folder` and return the path of the checked file.

    A file of the right name and checksum that is already there is returned untouched. A
    ``.partial`` left by an earlier call is continued if the server can do so.

    Parameters
    ----------
    remote
        What to fetch.
    folder
        Where to put it; made if it does not exist.
    url
        A mirror that holds the same file; the checksum stays the same.
    progress
        Whether to show a progress bar on standard error.

    Raises
    ------
    DownloadError
        If the server cannot be reached, does not have the file, keeps cutting the connection, or
        sends a file with another checksum; or if the disk is full.
    """
    folder, url = Path(folder), url or remote.url
    target = folder / remote.filename
    partial = target.with_name(target.name + ".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.is_file() and _is_right(target, remote):
            return target
        _Transfer(url, partial, target.name, progress).run()
        if not _is_right(partial, remote):
            partial.unlink()
            name, wanted = next(iter(remote.checksums.items()))
            raise DownloadError(
                f"{url} gave a file whose {SPELLED[name]} is not {wanted}, so it was removed; "
                "run the same command again, and if that fails too give another --url"
            )
        return partial.replace(target)
    except OSError as error:
        raise DownloadError(
            f"cannot write {target}: {error.strerror or error}; choose a folder you can write to"
        ) from error


def _is_right(path: Path, remote: Remote) -> bool:
    for algorithm, wanted in remote.checksums.items():
        # Some publishers tell no better one than MD5 or SHA-1: it is for what breaks on the way.
        new = functools.partial(hashlib.new, algorithm, usedforsecurity=False)
        with path.open("rb") as file:
            if hashlib.file_digest(file, new).hexdigest() != wanted:
                return False
    return True


@dataclass
class _Transfer:
    """One file on its way, over as many connections as it takes."""

    url: str
    partial: Path
    name: str
    progress: bool
    etag: str | None = None  # of the bytes already here, where the server vouches for them

    def run(self) -> None:
        """Fill the partial file, or say why not."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt()
            except (
                _CutError,
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                cause = error
            except requests.RequestException as error:
                # What is left is a mistake in the address: waiting does not mend it.
                raise DownloadError(
                    f"cannot fetch {self.url!r}: {error}; check the address"
                ) from error
            if attempt < ATTEMPTS:
                time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        raise DownloadError(
            f"gave up on {self.url} after {ATTEMPTS} attempts ({_in_words(cause)}); "
            f"{_kept(self.partial)}check the connection and run the same command again"
        ) from cause

    def _attempt(self) -> None:
        have = self.partial.stat().st_size if self.partial.exists() else 0
        # A compressed transfer would make byte positions mean something else.
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if self.etag:
                headers["If-Range"] = self.etag
        with requests.get(
            self.url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS
        ) as response:
            first, total = _content_range(response)
            if response.status_code == 416 and have == total:
                return
            if response.status_code == 416 or (response.status_code == 206 and first != have):
                self.partial.unlink(missing_ok=True)
                raise _CutError(f"the server cannot continue from byte {have}")
            self._check_status(response)
            if response.status_code == 200:  # the server ignores Range, or the file has changed
                have = 0
                length = response.headers.get("Content-Length", "")
                total = int(length) if length.isdigit() else None
            etag = response.headers.get("ETag", "W/")
            # RFC 9110: only a strong tag says that the bytes are the same.
            self.etag = None if etag.startswith("W/") else etag
            if total is not None:
                _check_space(self.partial.parent, total - have)
            self._write(response, have, total)
        size = self.partial.stat().st_size
        if total is not None and size != total:
            raise _CutError(f"{size} of {total} bytes came")

    def _write(self, response: requests.Response, have: int, total: int | None) -> None:
        bar = progress_bar(
            None,
            self.name,
            total,
            show=self.progress,
            initial=have,
            unit="B",
            unit_scale=True,
        )
        try:
            with bar, self.partial.open("ab" if have else "wb") as file:
                for chunk in response.iter_content(CHUNK_BYTES):
                    file.write(chunk)
                    bar.update(len(chunk))
        except requests.RequestException:
            raise  # also an OSError, yet not the disk's
        except OSError as error:
            if error.errno not in FULL_DISK:
                raise
            missing = None if total is None else total - self.partial.stat().st_size
            raise _full_disk(self.partial.parent, missing, kept=self.partial) from error

    def _check_status(self, response: requests.Response) -> None:
        status = f"{response.status_code} {response.reason}"
        if response.status_code in TEMPORARY_STATUS:
            raise _CutError(f"the server answered {status}")
        if response.status_code not in (200, 206):
            raise DownloadError(
                f"{self.url} answered {status}; open the address in a browser to see whether it "
                "has moved, and give the new one with --url"
            )


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """Read first byte and total from ``bytes 10-99/100`` or ``bytes */100``."""
    header = response.headers.get("Content-Range", "")
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", header.strip())
    first, total = found.groups() if found else (None, None)
    return (
        int(first) if first else None,
        int(total) if total and total != "*" else None,
    )


def _in_words(error: Exception) -> str:
    if isinstance(error, _CutError):
        return str(error)
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_SECONDS:g} s"
    if "NameResolution" in str(error):
        return "the server's name is not known"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not accepted"
    return "the connection was cut or refused"


def _kept(partial: Path) -> str:
    """Say what the next call need not fetch again, if anything."""
    size = partial.stat().st_size if partial.exists() else 0
    return f"{size / 1e6:.1f} MB are kept in {partial}: " if size else ""


def _check_space(folder: Path, needed: int) -> None:
    if needed > shutil.disk_usage(folder).free:
        raise _full_disk(folder, needed)


def _full_disk(folder: Path, needed: int | None, kept: Path | None = None) -> DownloadError:
    want = "more" if needed is None else f"{needed} bytes"
    note = _kept(kept) if kept else ""
    free = shutil.disk_usage(folder).free
    return DownloadError(
        f"the disk of {folder} is full: {want} needed, {free} bytes free; "
        f"{note}make room and run the same command again"
    )


def unpack(archive: str | Path, folder: str | Path, *, progress: bool = True) -> tuple[Path, ...]:
    """Unpack the zip `archive` into `folder` and return the files, in the archive's order.

    Every name is checked before the first byte is written. Each file is written under a temporary
    name and renamed, and files that are already there with the right checksum are left alone, so
    an interrupted call can be repeated.

    Raises
    ------
    DownloadError
        If `archive` is not a whole zip file, holds a name that leads out of `folder`, a link or an
        encrypted file, or more than the disk has room for.
    InputError
        If a file cannot be written to where it belongs; see `foundation.safe_write.whole_file`.
    """
    archive, folder = Path(archive), Path(folder)
    try:
        with zipfile.ZipFile(archive) as source:
            members = source.infolist()
            targets = [_checked_target(archive, member, folder) for member in members]
            folder.mkdir(parents=True, exist_ok=True)
            todo = [
                (member, target)
                for member, target in zip(members, targets, strict=True)
                if not member.is_dir() and not _is_unpacked(member, target)
            ]
            _check_space(folder, sum(member.file_size for member, _ in todo))
            for member, target in progress_bar(todo, archive.name, unit="file", show=progress):
                target.parent.mkdir(parents=True, exist_ok=True)
                with (
                    whole_file(target) as partial,
                    source.open(member) as content,
                    partial.open("wb") as file,
                ):
                    shutil.copyfileobj(content, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DownloadError(
            f"{archive} is not a whole zip archive ({error}); delete it and fetch it again"
        ) from error
    except OSError as error:
        if error.errno in FULL_DISK:
            raise _full_disk(folder, None) from error
        raise DownloadError(
            f"cannot unpack {archive} into {folder}: {error.strerror or error}; "
            "check that both exist and that you may write there"
        ) from error
    return tuple(target for target in targets if target.is_file())


def _checked_target(archive: Path, member: zipfile.ZipInfo, folder: Path) -> Path:
    # Windows' rules are the stricter ones: they know both slashes and drive letters.
    path = PureWindowsPath(member.filename)
    if path.anchor or ".." in path.parts or not path.parts:
        problem = "leads out of the folder"
    elif stat.S_ISLNK(member.external_attr >> 16):
        problem = "is a link"
    elif member.flag_bits & 1:
        problem = "is encrypted"
    elif not (folder / Path(*path.parts)).resolve().is_relative_to(folder.resolve()):
        problem = "leads out of the folder through a link that is already there"
    else:
        return folder.joinpath(*path.parts)
    raise DownloadError(
        f"{archive} was not unpacked: its member {member.filename!r} {problem}; "
        "fetch the archive from its publisher"
    )


def _is_unpacked(member: zipfile.ZipInfo, target: Path) -> bool:
    if not target.is_file() or target.stat().st_size != member.file_size:
        return False
    checksum = 0
    with target.open("rb") as file:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    return checksum == member.CRC
