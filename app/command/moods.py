"""`emotify moods`: the mood clusters of a track table, and whether people would call them so."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.command.options import JsonOption, MoodsOption, SeedOption, TracksOption, open_catalogue
from app.terminal import complain
from foundation.errors import InputError
from foundation.text import printable

app = typer.Typer(help="See or fit the mood clusters of a track table.", no_args_is_help=True)


@app.command("show")
def show_moods(
    tracks: TracksOption = None, moods: MoodsOption = None, as_json: JsonOption = False
) -> None:
    """List the mood clusters of a table."""
    catalogue = open_catalogue(tracks, moods)
    if as_json:
        print(json.dumps([vars(mood) for mood in catalogue.model.moods], indent=2))
        return
    print(catalogue.model.describe())


@app.command("fit")
def fit(
    table: Annotated[Path, typer.Argument(help="Track table, as for `playlist --tracks`.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    n_moods: Annotated[int, typer.Option("--moods", help="Number of clusters.")] = 6,
    seed: SeedOption = 0,
) -> None:
    """Fit mood clusters on a table and save them."""
    from clustering.choice.opening import open_table
    from clustering.choice.shortlist import sample_of
    from clustering.moods.clusters import fit_moods
    from clustering.moods.folder import save_moods
    from clustering.tables.tracks import TrackTable

    tracks = open_table(table)
    complain(tracks.summary())
    heard = tracks if isinstance(tracks, TrackTable) else sample_of(tracks, seed=seed)
    fitted = fit_moods(heard, n_moods=n_moods, seed=seed)
    save_moods(fitted, out)
    print(fitted.describe())
    complain(f"wrote {printable(out)}")


@app.command("evaluate")
def evaluate_table(
    table: Annotated[Path, typer.Argument(help="Track table, CSV or Parquet.", readable=False)],
    labels: Annotated[
        str,
        typer.Option(
            "--labels",
            metavar="FILE|COLUMN",
            help="What people said: a CSV or Parquet file with a track id and a mood, or human "
            "valence and arousal; or a column of TABLE with moods.",
        ),
    ],
    mood: Annotated[str | None, typer.Option("--mood", help="Column with moods.")] = None,
    valence: Annotated[
        str | None, typer.Option("--valence", help="Column with human valence, any scale.")
    ] = None,
    arousal: Annotated[
        str | None, typer.Option("--arousal", help="Column with human arousal, any scale.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="COLUMN=VALUE", help="Only judgements with that value."),
    ] = None,
    n_tracks: Annotated[
        int, typer.Option("-n", "--number", min=1, max=500, help="Tracks of a playlist.")
    ] = 20,
    n_seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=1000, help="Playlists for each emotion.")
    ] = 10,
    moods: MoodsOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="CSV to write the scores to.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how often the music picked for an emotion is what people would call so.

    Tracks are picked among the judged ones of TABLE. Labels may be any of the eight emotions;
    "energetic" counts as angry. Other ways to pick stand beside ours.
    """
    from clustering.choice.catalogue import Catalogue
    from clustering.evaluation import mood_evaluation
    from clustering.evaluation.human_labels import read_judgements
    from foundation.tables import write_table

    catalogue = open_catalogue(table, moods)
    if not isinstance(catalogue, Catalogue):
        raise InputError(
            f"{printable(table)} is too large to be scored in memory; give a table with those "
            "of its tracks that people judged"
        )
    columns = {"mood": mood, "valence": valence, "arousal": arousal, "where": where}
    judged = read_judgements(labels, catalogue.table, table_path=table, **columns)
    for note in judged.notes:
        complain(note)
    scores = mood_evaluation.evaluate_moods(catalogue, judged, n_tracks=n_tracks, n_seeds=n_seeds)
    if out is not None:
        write_table(scores, out, float_format="%.4f")
        complain(f"wrote {printable(out)}")
    if not as_json:
        print(mood_evaluation.as_text(scores, judged, n_tracks))
        return
    asked = {"n_tracks": n_tracks, "n_seeds": n_seeds}
    print(json.dumps(asked | mood_evaluation.as_dict(scores, judged), indent=2))
