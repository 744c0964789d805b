"""The larger ear on RAVDESS and further corpora: how `train` and `evaluate --train` make it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.command.own_corpora import checked_target, read_sources, training_needs
from app.terminal import complain
from foundation.errors import InputError
from foundation.text import counted, printable

if TYPE_CHECKING:
    import pandas as pd

    from ser.corpora.clips import SpokenClip
    from ser.corpora.ravdess import Clip
    from ser.evaluation.ear import HeardCorpus

ListedOption = Annotated[
    Path | None,
    typer.Option(
        "--listed",
        help="With --ear whisper: of the further corpora only the clips that a table of "
        "predictions (strangers.csv) names.",
        show_default="all",
    ),
]
HEARD_FOLDER = "heard"  # in the model folder; what is there is not heard again


@dataclass(frozen=True)
class EarTraining:
    """What `train` and `evaluate --train` are asked to do with ``--ear whisper``.

    Attributes
    ----------
    speech
        RAVDESS, all 24 actors.
    sources
        Folder and table of each further corpus.
    out
        Model folder.
    listed
        Table of predictions whose clips alone are taken of the further corpora.
    """

    speech: "Sequence[Clip]"
    sources: Sequence[tuple[Path, Path]]
    out: Path | None
    listed: Path | None = None

    def train(self) -> None:
        """Judge, train on everybody, and write model, evidence and card."""
        out, home, others = self._heard()
        self._judged(out, home, others, as_json=False)
        from ser.evaluation.ear import train_ear, write_ear_card

        train_ear(home, others, out)
        write_ear_card(out)
        n_clips = len(home.clips) + sum(len(heard.clips) for heard in others.values())
        print(f"trained on {n_clips} clips; wrote {printable(out)}")

    def judge(self, *, protocol: str | None, shuffle_labels: bool, as_json: bool) -> None:
        """Judge the recipe on people, and without a protocol on corpora, that it has not heard."""
        out, home, others = self._heard(protocol)
        if protocol is None and not shuffle_labels:
            self._judged(out, home, others, as_json=as_json)
            return
        from ser.evaluation.ear import cross_validate_ear
        from ser.evaluation.folds import PROTOCOLS

        chosen = protocol or PROTOCOLS[0]
        _print(
            cross_validate_ear(home, others, out, protocol=chosen, shuffle_labels=shuffle_labels),
            as_json=as_json,
        )

    def _judged(
        self, out: Path, home: "HeardCorpus", others: "dict[str, HeardCorpus]", *, as_json: bool
    ) -> None:
        from ser.evaluation.ear import cross_validate_ear, judge_strangers

        table = cross_validate_ear(home, others, out)
        _print(table, judge_strangers(home, others, out), as_json=as_json)

    def _heard(
        self, protocol: str | None = None
    ) -> "tuple[Path, HeardCorpus, dict[str, HeardCorpus]]":
        """Return where to write, and what was heard of RAVDESS and of each further corpus."""
        out = checked_target(self.out)
        if not self.sources:
            raise InputError(
                "the larger ear learns from RAVDESS and from one further corpus at least, by which "
                "is told how sure it may be of strangers: give --corpus DIR --labels CSV"
            )
        _check_installed()
        from ser.corpora.enough import check_enough, check_judgeable
        from ser.evaluation.ear import HeardCorpus, by_corpus
        from ser.evaluation.folds import PROTOCOLS, make_folds
        from ser.training.pooled import pool_clips

        check_enough(self.speech)
        make_folds(self.speech, protocol or PROTOCOLS[0])  # says so if actors are missing
        clips = self._further()
        check_judgeable((*clips, *self.speech))
        complain(
            f"{counted(len(self.speech), 'clip')} of RAVDESS and {len(clips)} of further corpora "
            "to hear, a tenth of a second each and for RAVDESS four times that"
        )
        cache = out / HEARD_FOLDER
        home = HeardCorpus(
            tuple(self.speech), pool_clips(self.speech, cache / "home.npz", n_copies=3)
        )
        others = by_corpus(clips, pool_clips(clips, cache / "others.npz", n_copies=0))
        return out, home, others

    def _further(self) -> "tuple[SpokenClip, ...]":
        from ser.evaluation.predictions import OWN_PREDICTIONS

        if self.listed is None:
            return read_sources(self.sources, self.speech).clips
        wanted = set(OWN_PREDICTIONS.read(self.listed)["clip_id"])
        clips = read_sources(self.sources, self.speech).clips
        taken = tuple(clip for clip in clips if clip.clip_id in wanted)
        if len(taken) < len(wanted):
            raise InputError(
                f"{printable(self.listed)} names {len(wanted)} clips, and {len(taken)} of them are "
                "in the corpora given; a clip is named by its corpus' folder and file, so give the "
                "same folders"
            )
        return taken


def _print(
    table: "pd.DataFrame", strangers: "pd.DataFrame | None" = None, *, as_json: bool
) -> None:
    from ser.evaluation.predictions import metrics_of
    from ser.evaluation.report import describe
    from ser.evaluation.strangers import strangers_figures, strangers_table

    figures = metrics_of(table)
    left_out = None if strangers is None else strangers_figures(strangers)
    if as_json:
        told = figures if left_out is None else {**figures, "strangers": left_out}
        print(json.dumps(told, indent=2))
        return
    print(describe(figures))
    if left_out is not None:
        print(f"\n{strangers_table(left_out)}")


def _check_installed() -> None:
    try:
        import onnx  # noqa: F401
        import scipy  # noqa: F401
    except ImportError as error:
        raise training_needs(error) from error
