"""`emotify ravdess`: fetch or check the corpus."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.terminal import FAILED

app = typer.Typer(help="Fetch or check the RAVDESS corpus.", no_args_is_help=True)


@app.command("download")
def download_ravdess(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the corpus goes.")],
    url: Annotated[
        str | None,
        typer.Option("--url", envvar="EMOTIFY_RAVDESS_URL", help="Mirror of the archive."),
    ] = None,
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="Keep the zip file after unpacking.")
    ] = False,
) -> None:
    """Fetch the speech archive (208 MB) from Zenodo, check and unpack it; resumes."""
    from ser.corpora.ravdess_download import download

    print(download(folder, url=url, keep_archive=keep_archive).summary())


@app.command("validate")
def validate_ravdess(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the corpus.")],
) -> None:
    """Say what is missing, invalid or there twice; exit code 1 if the corpus is not complete."""
    from ser.corpora.ravdess_validation import validate

    report = validate(folder, progress=sys.stderr.isatty())
    print(report.summary())
    if not report.ok:
        raise typer.Exit(FAILED)
