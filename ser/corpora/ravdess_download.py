"""Fetch RAVDESS from its publisher: a folder flows in, the report on the whole corpus flows out."""

import os
from collections.abc import Mapping
from pathlib import Path

from foundation.download import Remote, unpack
from foundation.download import download as fetch
from foundation.errors import InputError
from foundation.text import printable
from ser.corpora.ravdess_validation import ValidationReport, validate

# The song archive can join once its publisher's checksum is known; the key is the channel.
REMOTES: Mapping[str, Remote] = {
    "speech": Remote(
        filename="Audio_Speech_Actors_01-24.zip",
        url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1",
        md5="bc696df654c87fed845eb13823edef8a",
    ),
}
URL_VARIABLE = "EMOTIFY_RAVDESS_URL"  # environment: a mirror of the archive


def download(
    folder: str | Path,
    *,
    channel: str = "speech",
    url: str | None = None,
    keep_archive: bool = False,
    progress: bool = True,
) -> ValidationReport:
    """Fetch the corpus into `folder`, unpack it, and return what `validate` says of it.

    Nothing is fetched where the corpus is already complete. An interrupted call goes on where it
    stopped. The archive is deleted once its clips are there and valid, as it would only take room;
    one that was put into `folder` by hand is used instead of the network.

    Parameters
    ----------
    folder
        Where ``Actor_01`` to ``Actor_24`` go; made if it does not exist.
    channel
        Which archive; only that of speech has a known checksum.
    url
        A mirror of the archive; else the one in the environment's ``EMOTIFY_RAVDESS_URL``, else
        Zenodo's. The checksum is the same for all.
    keep_archive
        Whether to leave the zip file in `folder`.
    progress
        Whether to show progress bars on standard error.

    Raises
    ------
    InputError
        If `channel` has no archive, or the clips are not complete after unpacking.
    DownloadError
        If the archive cannot be fetched or unpacked; it is an `InputError` too.
    """
    if channel not in REMOTES:
        raise InputError(
            f"there is no archive for {channel!r}; choose one of: {', '.join(REMOTES)}"
        )
    complete = _complete(folder, channel, progress)
    if complete:
        return complete
    address = url or os.environ.get(URL_VARIABLE)
    archive = fetch(REMOTES[channel], folder, url=address, progress=progress)
    unpack(archive, folder, progress=progress)
    report = validate(folder, channels=[channel], progress=progress)
    if not report.ok:
        raise InputError(f"all of {printable(archive)} is unpacked, and yet:\n{report.summary()}")
    if not keep_archive:
        archive.unlink()
    return report


def _complete(folder: str | Path, channel: str, progress: bool) -> ValidationReport | None:
    if Path(folder).is_file():
        raise InputError(f"{printable(folder)} is a file; give a folder to put the corpus into")
    try:
        report = validate(folder, channels=[channel], progress=progress)
    except InputError:
        return None  # nothing there yet
    return report if report.ok else None
