"""The `emotify` command: thin over `ser` and `clustering`.

Heavy packages are imported inside the commands, so that `emotify recognize` starts quickly.
Results go to standard output, everything else to standard error; exit codes are those of
`app.terminal`.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from app.command import listener_commands, playlist_command, spotify_commands
from app.command.options import (
    HeadlessOption,
    JsonOption,
    ModelOption,
    MoodsOption,
    SeedOption,
    SpeakerOption,
    TracksOption,
    open_catalogue,
    warn_of_telephone,
)
from app.terminal import FAILED, WRONG_INPUT, complain, guarded
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError

if TYPE_CHECKING:
    from ser.training.train import TrainSettings

BAR_WIDTH = 30
BAR_DELAY_SECONDS = 2.0  # work that takes no longer needs no progress bar


class _Commands(TyperGroup):
    """Lets `playlist like` and its like stand beside `playlist FILE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments begin with; a name may be two words."""
        if " ".join(args[:2]) in self.commands:
            args = [" ".join(args[:2]), *args[2:]]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="emotify",
    cls=_Commands,
    help="From the emotion in a voice to a playlist that fits it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
moods_app = typer.Typer(help="See or fit the mood clusters of a track table.", no_args_is_help=True)
tracks_app = typer.Typer(help="Gather or fetch tables of tracks.", no_args_is_help=True)
spotify_app = typer.Typer(help="Log in to Spotify, or out of it.", no_args_is_help=True)
ravdess_app = typer.Typer(help="Fetch or check the RAVDESS corpus.", no_args_is_help=True)
app.add_typer(moods_app, name="moods")
app.add_typer(tracks_app, name="tracks")
app.add_typer(spotify_app, name="spotify")
app.add_typer(ravdess_app, name="ravdess")

RavdessOption = Annotated[
    Path | None,
    typer.Option("--ravdess", envvar="EMOTIFY_RAVDESS", help="Folder with the RAVDESS speech."),
]


def main() -> NoReturn:
    """Run the `emotify` command."""
    guarded(app)


# ------------------------------------------------------------------------------------- speech


@app.command()
def recognize(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", readable=False, help="Recordings of one person speaking."
        ),
    ],
    as_json: JsonOption = False,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Also print how the emotion changes over time.")
    ] = False,
    speaker: SpeakerOption = None,
    model: ModelOption = None,
) -> None:
    """Say which emotion is heard in each recording.

    With --json one file gives an object and several give a list. A file that cannot be used is
    named on standard error, the others are still answered, and the exit code is 2.
    """
    from foundation.text import printable

    answers: list[dict[str, Any]] = []
    n_refused = 0
    for path, estimate in _estimates(files, model, speaker):
        if isinstance(estimate, InputError):
            complain(str(estimate))
            n_refused += 1
            continue
        warn_of_telephone(path)
        answers.append({"file": printable(path), **estimate.to_dict()})
        if not as_json:
            _print_estimate(printable(path), estimate, timeline=timeline)
    if as_json and answers:
        print(json.dumps(answers[0] if len(files) == 1 else answers, indent=2, ensure_ascii=False))
    if n_refused:
        raise typer.Exit(WRONG_INPUT)


def _estimates(
    files: Sequence[Path], model: Path | None, speaker: str | None
) -> Iterator[tuple[Path, EmotionEstimate | InputError]]:
    """Yield every file with its estimate, or with the reason why there is none, in order."""
    from tqdm import tqdm

    from ser.many_files import recognize_files

    delay, alone = BAR_DELAY_SECONDS, len(files) == 1  # a long recording has a bar of its own
    with tqdm(total=len(files), unit="file", leave=False, delay=delay, disable=alone) as bar:
        for path, estimate in zip(files, recognize_files(files, model, speaker), strict=True):
            if bar.format_dict["elapsed"] > BAR_DELAY_SECONDS:
                bar.clear()  # room for what is printed about this file
            yield path, estimate
            bar.update()


def _print_estimate(name: str, estimate: EmotionEstimate, *, timeline: bool) -> None:
    print(
        f"{name}: {estimate.label} ({estimate.confidence:.0%})   "
        f"valence {estimate.valence:+.2f}   arousal {estimate.arousal:+.2f}   "
        f"{estimate.duration_seconds:.1f} s"
    )
    _print_doubts(estimate)
    for emotion, probability in zip(EMOTION_NAMES, estimate.probabilities, strict=True):
        bar = "█" * round(BAR_WIDTH * probability)
        print(f"  {emotion:<10}{probability:>5.0%} {bar}".rstrip())
    if not timeline:
        return
    if not estimate.segments:
        print("  timeline: all of it was judged at once")
    for segment in estimate.segments:
        print(
            f"  {segment.start_seconds:8.1f} - {segment.end_seconds:.1f} s  "
            f"{segment.label} ({max(segment.probabilities):.0%})"
        )


def _print_doubts(estimate: EmotionEstimate) -> None:
    for doubt in estimate.doubts:
        print(f"  not sure: {doubt}")


# ------------------------------------------------------------------------------------ speakers


@app.command("enrol")
def enrol_speaker(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of the speaker, as for --speaker.")
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", readable=False, help="Recordings of this person alone."),
    ] = None,
    emotion: Annotated[
        str | None,
        typer.Option(
            "--emotion", help=f"If all FILEs express the same: {', '.join(EMOTION_NAMES)}."
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Forget this speaker.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Say who is enrolled.")] = False,
    model: ModelOption = None,
) -> None:
    """Get to know a voice, so that --speaker NAME hears its emotions better.

    About eight recordings are a good start, in various moods; three of each emotion, told with
    --emotion, help most. Recordings are added to those before, none counts twice. Statistics are
    kept in your data folder, no sound.
    """
    files = files or []
    if listing:
        if name is not None or emotion or remove:
            raise InputError("--list stands alone: `emotify enrol --list`")
        _list_speakers()
        return
    if name is None or bool(files) == remove or (remove and emotion):
        raise InputError(
            "give a name and recordings (`emotify enrol ann *.wav`), a name and --remove, or --list"
        )
    from ser.voices import enrolment

    if remove:
        complain(f"removed {enrolment.remove_profile(name)}")
        return
    from ser.recognizer import load_recognizer

    profile, result = enrolment.enrol(load_recognizer(model), name, files, emotion=emotion)
    for refusal in result.refused:
        complain(str(refusal))
    if result.known:
        complain(f"known before, not counted again: {', '.join(map(str, result.known))}")
    if profile is not None:
        print(profile.summary())
        if len(profile.digests) < enrolment.ENOUGH_CLIPS:
            complain(f"{enrolment.ENOUGH_CLIPS} recordings or more tell a voice better")
    if result.refused:
        raise typer.Exit(WRONG_INPUT)


def _list_speakers() -> None:
    from ser.voices import enrolment

    names = enrolment.speakers()
    for name in names:
        try:
            print(enrolment.load_profile(name).summary())
        except InputError as error:
            complain(str(error))
    if not names:
        complain(f"nobody is enrolled in {enrolment.data_folder()}")


# -------------------------------------------------------------------------------------- music


app.command("playlist")(playlist_command.playlist)
app.command("playlist like")(listener_commands.like)
app.command("playlist dislike")(listener_commands.dislike)
app.command("playlist refresh")(spotify_commands.refresh)
spotify_app.command("login")(spotify_commands.login)
spotify_app.command("logout")(spotify_commands.logout)
app.command("history")(listener_commands.history)
app.command("profile")(listener_commands.profile)
app.command("forget")(listener_commands.forget)


@moods_app.command("show")
def show_moods(
    tracks: TracksOption = None, moods: MoodsOption = None, as_json: JsonOption = False
) -> None:
    """List the mood clusters of a table."""
    catalogue = open_catalogue(tracks, moods)
    if as_json:
        print(json.dumps([vars(mood) for mood in catalogue.model.moods], indent=2))
        return
    print(catalogue.model.describe())


@moods_app.command("fit")
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
    complain(f"wrote {out}")


@moods_app.command("evaluate")
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
            f"{table} is too large to be scored in memory; give a table with those of its tracks "
            "that people judged"
        )
    columns = {"mood": mood, "valence": valence, "arousal": arousal, "where": where}
    judged = read_judgements(labels, catalogue.table, table_path=table, **columns)
    for note in judged.notes:
        complain(note)
    scores = mood_evaluation.evaluate_moods(catalogue, judged, n_tracks=n_tracks, n_seeds=n_seeds)
    if out is not None:
        write_table(scores, out, float_format="%.4f")
        complain(f"wrote {out}")
    if not as_json:
        print(mood_evaluation.as_text(scores, judged, n_tracks))
        return
    asked = {"n_tracks": n_tracks, "n_seeds": n_seeds}
    print(json.dumps(asked | mood_evaluation.as_dict(scores, judged), indent=2))


@tracks_app.command("import")
def import_tables(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="CSV or Parquet files, folders of them, FMA's metadata (folder or zip), or "
            "folders of music; or your own tracks on Spotify: spotify:liked, spotify:playlists, "
            "spotify:top.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Table to write, .parquet or .csv.")],
    features: Annotated[
        list[Path] | None,
        typer.Option(
            "--features",
            help="For your own tracks: table to take audio features from, by id, ISRC, or artist "
            "and title; may be repeated. What no table has is asked of ReccoBeats.",
        ),
    ] = None,
    reccobeats: Annotated[
        bool,
        typer.Option("--reccobeats/--no-reccobeats", help="For your own tracks: ask ReccoBeats."),
    ] = True,
    headless: HeadlessOption = False,
    curated: Annotated[
        bool,
        typer.Option(
            "--curated",
            help="Leave out karaoke and tributes, Christmas music, sounds of nature, names cut "
            "off, and what is under a minute or over a quarter of an hour.",
        ),
    ] = False,
) -> None:
    """Merge tables of tracks into one, or make one of your own tracks on Spotify.

    Read are Spotify's column names, Kaggle's "Spotify Tracks", tidytuesday, Exportify and the Echo
    Nest features of FMA. Where sources have the same track, the one given first wins. What is
    left out is said, and why. Your own tracks are fetched page by page; the same command goes on
    where it was interrupted.
    """
    from clustering.sources import import_tracks
    from clustering.tables.tracks import check_writable, write_tracks
    from listener.own_tracks import kinds_of

    kinds = kinds_of(sources)
    if not kinds:
        if features or headless or not reccobeats:
            raise InputError("--features, --no-reccobeats and --headless go with spotify: sources")
        imported = import_tracks(sources, curated=curated)
        write_tracks(imported.frame, out)
        complain(imported.summary())
        print(f"{out}: {len(imported.frame):,} tracks")
        return
    if len(kinds) < len(set(sources)):
        raise InputError(
            "your own tracks on Spotify stand alone; give tables to take features from with "
            "--features, and merge the tables that come out in a second step"
        )
    if curated:
        raise InputError("--curated goes with tables; import your tracks without it first")
    check_writable(out)
    spotify_commands.import_own(
        kinds, features or [], out, reccobeats=reccobeats, headless=headless
    )


@tracks_app.command("analyse")
def analyse(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", readable=False, help="Where your music is.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Table to write, .parquet or .csv.")],
    jobs: Annotated[
        int, typer.Option("--jobs", help="Files at once.", show_default="one a core")
    ] = -1,
    vibenet: Annotated[
        bool,
        typer.Option("--vibenet", help="Features by VibeNet (pip install 'emotify[vibenet]')."),
    ] = False,
) -> None:
    """Make a table of your own music files: tags, and features computed from the sound.

    Files that did not change since the last time are not read again; what cannot be used is named.
    """
    from clustering.music.files import analyse_folder

    analysis = analyse_folder(folder, out, n_jobs=jobs, vibenet=vibenet)
    complain(analysis.summary())
    print(f"{out}: {len(analysis.frame):,} tracks")


@tracks_app.command("download")
def download_tracks(
    name: Annotated[
        str | None, typer.Argument(help="Table to fetch.", show_default="list what there is")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder.", show_default="Emotify's own data folder"),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Mirror of the file, or of the folder of files.")
    ] = None,
) -> None:
    """Fetch an open table of tracks and check it; resumes.

    Without a name: what there is, with sizes and licences.
    """
    from clustering.tables.downloads import download_table, known_table, known_tables

    if name is None:
        print(known_tables())
        return
    complain(known_table(name).notice())
    path = download_table(name, out, url=url)
    print(path)
    complain(f"make a table of it: emotify tracks import {path} --out tracks.parquet")


# ----------------------------------------------------------------------------------- research


@ravdess_app.command("download")
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


@ravdess_app.command("validate")
def validate_ravdess(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the corpus.")],
) -> None:
    """Say what is missing, invalid or there twice; exit code 1 if the corpus is not complete."""
    from ser.corpora.ravdess_validation import validate

    report = validate(folder, progress=sys.stderr.isatty())
    print(report.summary())
    if not report.ok:
        raise typer.Exit(FAILED)


@app.command()
def train(
    ravdess: RavdessOption = None,
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")] = Path("models/ser"),
    seed: SeedOption = 0,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Fewer epochs, to try things out.")
    ] = None,
) -> None:
    """Train the model that ships, on all actors (some minutes on two cores)."""
    clips = _corpus(ravdess)
    settings = _recipe(epochs=epochs)
    from ser.training.train import train_shipped_model

    train_shipped_model(clips, out, seed=seed, settings=settings)
    print(f"trained on {len(clips)} clips; wrote {out}")


@app.command()
def evaluate(
    ravdess: RavdessOption = None,
    retrain: Annotated[
        bool, typer.Option("--train", help="Train every fold's network again, into --out.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write, for --train.", show_default=False)
    ] = None,
    protocol: Annotated[
        str,
        typer.Option("--protocol", help="luna-jimenez, emobox, or random-split (a warning)."),
    ] = "luna-jimenez",
    shuffle_labels: Annotated[
        bool, typer.Option("--shuffle-labels", help="With --train: a check that must give chance.")
    ] = False,
    members: Annotated[
        int | None, typer.Option("--members", min=1, help="With --train: networks averaged.")
    ] = None,
    seed: SeedOption = 0,
    n_seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="With --train: how many seeds, from --seed on.")
    ] = 1,
    folds: Annotated[
        list[int] | None,
        typer.Option("--fold", help="With --train: this fold alone; may be repeated."),
    ] = None,
    as_json: JsonOption = False,
    model: ModelOption = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Train one fold from audio and compare: some minutes.")
    ] = False,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="Folder with your own recordings.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="For --corpus: CSV with columns file, emotion[, speaker]."),
    ] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Judge noisy, distant, cut... copies of RAVDESS.")
    ] = False,
    noise: Annotated[
        Path | None,
        typer.Option(
            "--noise", envvar="EMOTIFY_NOISE", help="For --robustness: real noise, sound files."
        ),
    ] = None,
    enrolled: Annotated[
        bool, typer.Option("--enrolled", help="Judge RAVDESS speakers before and after enrolment.")
    ] = False,
) -> None:
    """Judge the recipe on unseen speakers, or a model on your own recordings.

    Without RAVDESS: the figures of the committed out-of-fold predictions. With RAVDESS: predicts
    every clip with the network of its fold and compares with the committed table (exit code 1
    if it is not reproduced). With --train: trains the networks of all folds from audio first.
    With --robustness: changes every clip in many ways and writes robustness.csv into the model
    folder, or --out (exit code 1 if a limit does not hold). With --enrolled: what it gains from
    knowing the speaker, into enrolled.csv there. With --corpus and --labels: judges
    one model (--model) on labelled recordings of yours. With --quick: trains one fold again and
    compares its UAR with the committed one (exit code 1 if it is off by more than 3 points).
    """
    if corpus is not None or labels is not None:
        if corpus is None or labels is None or robustness or enrolled or retrain:
            raise InputError(
                "--corpus DIR and --labels CSV belong together, without --train, --robustness and "
                "--enrolled"
            )
        _evaluate_corpus(corpus, labels, model=model, as_json=as_json)
        return
    if robustness or enrolled:
        if retrain or (robustness and enrolled):
            raise InputError(
                "--robustness and --enrolled each judge networks that are there: give one of them, "
                "and leave out --train"
            )
        measure = partial(_evaluate_robustness, noise=noise) if robustness else _evaluate_enrolled
        measure(_corpus(ravdess), model=model, out=out, as_json=as_json)
        return
    if quick:
        _evaluate_quickly(_corpus(ravdess), Path("build/evaluate-quick") if out is None else out)
        return
    from ser.evaluation import cross_validation as evaluation
    from ser.evaluation.report import describe
    from ser.network.artefact import DEFAULT_FOLDER

    folder = DEFAULT_FOLDER if model is None else model
    reproduction = None
    if retrain:
        if out is None:
            raise InputError("--train needs --out FOLDER for the networks and predictions")
        clips = _corpus(ravdess)
        settings = _recipe(members=members)
        table = evaluation.cross_validate(
            clips,
            out,
            protocol=protocol,
            seeds=range(seed, seed + n_seeds),
            shuffle_labels=shuffle_labels,
            settings=settings,
            only_folds=folds,
            calibrate=not shuffle_labels,
        )
    elif protocol != evaluation.PROTOCOLS[0] or shuffle_labels or members:
        raise InputError(
            "--protocol, --shuffle-labels and --members say how to train: add --train --out "
            f"FOLDER; the committed predictions are those of {evaluation.PROTOCOLS[0]}"
        )
    else:
        table = committed = evaluation.read_predictions(folder / evaluation.PREDICTIONS_FILE)
        if ravdess is not None:
            table = evaluation.predict_out_of_fold(_corpus(ravdess), folder)
            reproduction = evaluation.compare(table, committed)
    figures = evaluation.metrics_of(table)
    print(json.dumps(figures, indent=2) if as_json else describe(figures))
    if reproduction is not None:
        complain(reproduction.summary())
        if not reproduction.ok:
            raise typer.Exit(FAILED)


@app.command()
def ablate(
    out: Annotated[Path, typer.Option("--out", help="Folder for the predictions of the jobs.")],
    ravdess: RavdessOption = None,
    song: Annotated[
        Path | None,
        typer.Option("--song", envvar="EMOTIFY_RAVDESS_SONG", help="Folder with RAVDESS song."),
    ] = None,
    crema_d: Annotated[
        Path | None, typer.Option("--crema-d", envvar="EMOTIFY_CREMA_D", help="CREMA-D's folder.")
    ] = None,
    rows: Annotated[
        list[str] | None, typer.Option("--row", help="This row alone; may be repeated.")
    ] = None,
    n_seeds: Annotated[int, typer.Option("--seeds", min=1, help="Seeds of each row.")] = 3,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Passes over the clips; few by default.")
    ] = None,
    table: Annotated[Path, typer.Option("--table", help="CSV to write.")] = Path(
        "models/ser/ablations.csv"
    ),
) -> None:
    """Change one thing of the recipe at a time and judge it on the same folds and seeds; resumes.

    Rows of the table that --out has no predictions of stay as they are: delete it to start anew,
    as after a change of the recipe. `make figures` puts it into the model card.
    """
    speech = _corpus(ravdess)
    _recipe()  # says so if training is not installed
    from foundation.tables import write_table
    from ser.ablations import runs as ablation
    from ser.ablations import table as ablation_table
    from ser.corpora import crema_d as crema_d_corpus
    from ser.corpora.ravdess import index_clips

    sung = [clip for clip in index_clips(song) if clip.channel == "song"] if song else []
    other = crema_d_corpus.index_clips(crema_d) if crema_d else ()
    written = ablation_table.read_table(table) if table.exists() else None
    measured = ablation.run_ablations(
        speech,
        out,
        chosen=rows or (),
        n_seeds=n_seeds,
        song=sung,
        crema_d=other,
        epochs=epochs or ablation.EPOCHS,
    )
    judged = measured if written is None else ablation_table.joined(measured, written)
    write_table(judged, table)
    print(ablation_table.as_markdown(ablation_table.summary(judged)))
    kept = judged["row"].nunique() - measured["row"].nunique()
    complain(f"wrote {table}" + (f"; {kept} of its rows are as they were" if kept else ""))


def _evaluate_quickly(clips: Any, out: Path) -> None:
    from ser.evaluation import cross_validation as evaluation

    _recipe()  # says so if training is not installed
    now, then = evaluation.retrain_one_fold(clips, out)
    print(
        f"fold {evaluation.QUICK_FOLD}, seed {evaluation.QUICK_SEED}, trained again: UAR "
        f"{100 * now:.1f}; committed: {100 * then:.1f}"
    )
    if abs(now - then) > evaluation.QUICK_TOLERANCE:
        complain(f"they differ by more than {100 * evaluation.QUICK_TOLERANCE:.0f} points")
        raise typer.Exit(FAILED)


def _evaluate_corpus(corpus: Path, labels: Path, *, model: Path | None, as_json: bool) -> None:
    from ser.evaluation.cross_corpus import describe, evaluate_corpus

    figures = evaluate_corpus(corpus, labels, model=model)
    print(json.dumps(figures, indent=2, ensure_ascii=False) if as_json else describe(figures))


def _evaluate_robustness(
    clips: Any, *, noise: Path | None, model: Path | None, out: Path | None, as_json: bool
) -> None:
    from foundation.tables import write_table
    from ser.evaluation import robustness
    from ser.evaluation.conditions import conditions
    from ser.network.artefact import DEFAULT_FOLDER

    folder = DEFAULT_FOLDER if model is None else model
    table = robustness.evaluate_robustness(clips, folder, conditions(noise))
    path = (folder if out is None else out) / robustness.FILE
    write_table(table, path)
    print(table.to_json(orient="records", indent=2) if as_json else robustness.describe(table))
    complain(f"wrote {path}")
    if not table["holds"].all():
        raise typer.Exit(FAILED)


def _evaluate_enrolled(clips: Any, *, model: Path | None, out: Path | None, as_json: bool) -> None:
    from foundation.tables import write_table
    from ser.evaluation import enrolled
    from ser.network.artefact import DEFAULT_FOLDER

    folder = DEFAULT_FOLDER if model is None else model
    table = enrolled.evaluate_enrolled(clips, folder)
    path = (folder if out is None else out) / enrolled.FILE
    write_table(table, path)
    print(table.to_json(orient="records", indent=2) if as_json else enrolled.describe(table))
    complain(f"wrote {path}")


def _corpus(folder: Path | None) -> Any:
    from ser.corpora.ravdess import index_clips

    if folder is None:
        raise InputError(
            "this needs the RAVDESS speech corpus: give --ravdess DIR or set EMOTIFY_RAVDESS; "
            "`emotify ravdess download DIR` fetches it"
        )
    return tuple(clip for clip in index_clips(folder) if clip.channel == "speech")


def _recipe(**changes: Any) -> "TrainSettings":
    """Return the shipped recipe with changes; this imports TensorFlow, quietly.

    Raises
    ------
    InputError
        If the packages for training are not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        from ser.training.train import TrainSettings
    except ImportError as error:
        raise InputError(
            f"training needs {error.name}, which is not installed: pip install 'emotify[train]'"
        ) from error
    return replace(TrainSettings(), **{k: v for k, v in changes.items() if v is not None})


if __name__ == "__main__":
    main()
