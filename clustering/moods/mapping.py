"""The mood aimed at: eight probabilities in, an `Aim` in the listener's catalogue out.

An aim is the expectation over the eight emotions of what `mapping.toml` says each of them
sounds like, in quantiles of the listener's own tracks. A voice half happy, half sad therefore
aims between the two, at neither. Nothing here promises an effect on the listener.

A listener's own quantiles say what is sad *for this table*; in a table of club music the saddest
fifth is club music. So before tracks are chosen an aim is `placed`: half of it stays where it was,
half moves to where sad music of any catalogue would lie in this one.

An estimate that should not be acted on (`EmotionEstimate.uncertain`) is more than mixed: one of
its emotions may be all that there is, and nobody knows which. Its playlist is then shared out:
each track leans half way towards one of the emotions, as many tracks to each as its probability
says. So the middle of the playlist stays where it was, every emotion that it may be finds some
music of its own, and the whole is broader by what the leaning adds (law of total variance). The
choice around each aim is widened too, in case the probabilities themselves are worth nothing.
"""

import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from clustering.moods.clusters import Mood, MoodModel
from clustering.tables.layouts import FEATURE_NAMES, MOOD_COLUMNS
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, EMOTIONS
from foundation.errors import InputError

MODES: tuple[str, ...] = ("match", "lift", "journey")
HEARD_SHARE = 0.5  # of the distance, for the mood heard in the sound where it is known


@dataclass(frozen=True)
class Aim:
    """A place in the catalogue to look for tracks.

    Attributes
    ----------
    emotion
        The most probable emotion of the estimate.
    mode
        ``"match"``, ``"lift"`` or ``"journey"``.
    valence, arousal
        Expected valence and arousal of the feeling aimed at, -1..1.
    targets
        Quantile of each feature in the listener's catalogue, 0..1, as the mapping says it.
    quantiles
        What distances are measured from: the targets, until the aim is `placed` in a catalogue.
    weights
        What a step in each feature's quantile counts for; they sum to 1.
    quadrants
        Share of each of `MOOD_COLUMNS` in what is aimed at; they sum to 1.
    typical
        What tracks of this mood have in Spotify's own units, in any catalogue.
    club
        How much farther than its features say a track lies that was made for the club, 0..1.
    spread
        How far the choice may wander from the nearest tracks, in distance; it grows with the
        entropy of the estimate, and further when that is uncertain.
    uncertain
        Whether the estimate should not be acted on; the choice is then among more tracks.
    """

    emotion: str
    mode: str
    valence: float
    arousal: float
    targets: dict[str, float]
    quantiles: dict[str, float]
    weights: dict[str, float]
    quadrants: dict[str, float]
    typical: dict[str, float]
    club: float
    spread: float
    uncertain: bool

    @property
    def typical_valence(self) -> float:
        """Spotify's valence of tracks of this mood, 0..1, in any catalogue."""
        return self.typical["valence"]

    @property
    def typical_energy(self) -> float:
        """Spotify's energy of tracks of this mood, 0..1, in any catalogue."""
        return self.typical["energy"]

    def distances(
        self,
        quantiles: np.ndarray,
        heard: np.ndarray | None = None,
        club: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return how far each row of quantiles, (n, 8), lies from the aim, (n,).

        The weighted root mean square difference over the features: 0 is exactly the aim, 1
        the opposite end of the catalogue in every feature. Where the mood of the sound itself is
        known, `heard`, (n, 4) as `MOOD_COLUMNS`, half of the square is how unlike it is to the
        mood aimed at (0 as likely as can be, 1 impossible). What was made for the club, `club`,
        (n,), is moved away by the share `Aim.club` of the way that is left to 1.
        """
        target = np.array([self.quantiles[name] for name in FEATURE_NAMES])
        weights = np.array([self.weights[name] for name in FEATURE_NAMES])
        squares = (quantiles - target) ** 2 @ weights
        if heard is not None:
            wanted = np.array([self.quadrants[name] for name in MOOD_COLUMNS])
            unlike = 1 - heard @ wanted / wanted.max()
            squares = (1 - HEARD_SHARE) * squares + HEARD_SHARE * unlike**2
        distances = np.sqrt(squares)
        return distances if club is None else distances + self.club * club * (1 - distances)


@dataclass(frozen=True)
class _Settings:
    """`mapping.toml` as arrays; the rows are emotions in the order of `EMOTIONS`."""

    targets: np.ndarray
    weights: np.ndarray
    typical: np.ndarray
    club: np.ndarray
    lift: np.ndarray
    club_genres: tuple[str, ...]
    club_titles: tuple[str, ...]
    anywhere: float
    nuance: float
    certain: float
    clueless: float
    uncertain: float
    lean: float


def _read_settings() -> _Settings:
    settings = tomllib.loads(Path(__file__).with_name("mapping.toml").read_text("utf-8"))
    rows = [settings["emotion"][name] for name in EMOTION_NAMES]
    lift = np.array([[row["lift"].get(name, 0.0) for name in EMOTION_NAMES] for row in rows])

    def features(kind: str) -> np.ndarray:
        return np.array([[row[kind][name] for name in FEATURE_NAMES] for row in rows])

    return _Settings(
        targets=features("target"),
        weights=features("weight"),
        typical=features("typical"),
        club=np.array([row.get("club", 0.0) for row in rows]),
        lift=lift / lift.sum(axis=1, keepdims=True),
        club_genres=tuple(settings["club"]["genres"]),
        club_titles=tuple(settings["club"]["titles"]),
        anywhere=settings["scale"]["anywhere"],
        nuance=settings["scale"]["nuance"],
        **settings["spread"],
    )


SETTINGS = _read_settings()


def _quadrants() -> np.ndarray:
    """Return each emotion's share of `MOOD_COLUMNS` by its valence and arousal, (8, 4)."""
    signs = [[("sad", "angry"), ("calm", "happy")][e.valence > 0][e.arousal > 0] for e in EMOTIONS]
    shares = [[float(name == f"mood_{sign}") for name in MOOD_COLUMNS] for sign in signs]
    even = [1 / len(MOOD_COLUMNS)] * len(MOOD_COLUMNS)
    return np.array(
        [row if e.valence or e.arousal else even for row, e in zip(shares, EMOTIONS, strict=True)]
    )


QUADRANTS = _quadrants()


def checked_mode(mode: str) -> str:
    """Return `mode` in lower case.

    Raises
    ------
    InputError
        If there is no such mode; the message lists the three that exist.
    """
    name = mode.strip().lower()
    if name not in MODES:
        raise InputError(f"unknown mode {mode!r}; choose one of: {', '.join(MODES)}")
    return name


def aim_for(
    estimate: EmotionEstimate,
    mode: str = "match",
    *,
    progress: float = 1.0,
    leaning_to: int | None = None,
) -> Aim:
    """Return what to aim at for an estimate.

    Parameters
    ----------
    estimate
        The emotion, from any sense.
    mode
        ``"match"`` stays with the emotion; ``"lift"`` goes towards calm or happy, by the
        rule that `mapping.toml` has for each emotion; ``"journey"`` lies between the two.
    progress
        Place on the journey, 0 (match) to 1 (lift); the other modes ignore it.
    leaning_to
        Index of an emotion to move towards, half way from what the estimate says.

    Raises
    ------
    InputError
        If the mode is unknown.
    """
    mode = checked_mode(mode)
    share = {"match": 0.0, "lift": 1.0}.get(mode, progress)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"progress must lie in 0..1, got {progress}")
    felt = np.array(estimate.probabilities)
    if leaning_to is not None:
        felt = (1 - SETTINGS.lean) * felt + SETTINGS.lean * np.eye(len(EMOTIONS))[leaning_to]
    # The feeling aimed at is a distribution over the eight emotions too, so that every figure
    # of an aim is one and the same expectation, and a journey moves in a straight line.
    aimed = (1 - share) * felt + share * (felt @ SETTINGS.lift)
    targets = dict(zip(FEATURE_NAMES, (aimed @ SETTINGS.targets).tolist(), strict=True))
    typical = dict(zip(FEATURE_NAMES, (aimed @ SETTINGS.typical).tolist(), strict=True))
    # Finer words are about what is felt now, so they lose their say on the way to something else.
    steps = SETTINGS.nuance * (1 - share) * _refinement(estimate)
    for feature, step in zip(("valence", "energy"), steps.tolist(), strict=True):
        for values in (targets, typical):
            values[feature] = min(1.0, max(0.0, values[feature] + step))
    weights = aimed @ SETTINGS.weights
    spread = SETTINGS.certain + (SETTINGS.clueless - SETTINGS.certain) * estimate.entropy
    return Aim(
        emotion=estimate.label,
        mode=mode,
        valence=math.fsum(p * e.valence for p, e in zip(aimed, EMOTIONS, strict=True)),
        arousal=math.fsum(p * e.arousal for p, e in zip(aimed, EMOTIONS, strict=True)),
        targets=targets,
        quantiles=targets,
        weights=dict(zip(FEATURE_NAMES, (weights / weights.sum()).tolist(), strict=True)),
        quadrants=dict(zip(MOOD_COLUMNS, (aimed @ QUADRANTS).tolist(), strict=True)),
        typical=typical,
        club=float(aimed @ SETTINGS.club),
        spread=spread + SETTINGS.uncertain * estimate.uncertain,
        uncertain=estimate.uncertain,
    )


def _refinement(estimate: EmotionEstimate) -> np.ndarray:
    """Return how far the nuances lie from the eight emotions, (valence, arousal), -2..2.

    Each counts as much as it is probable, and all together no more than the eight.
    """
    if not estimate.nuances:
        return np.zeros(2)
    felt = (estimate.valence, estimate.arousal)
    apart = [(n.valence - felt[0], n.arousal - felt[1]) for n in estimate.nuances]
    probable = np.array([nuance.probability for nuance in estimate.nuances])
    return probable @ np.array(apart) / max(1.0, float(probable.sum()))


def aims_along(estimate: EmotionEstimate, mode: str, n_tracks: int) -> tuple[Aim, ...]:
    """Return one aim for each place of a playlist.

    They differ along a journey, and where an uncertain estimate shares its places out.
    """
    journey = checked_mode(mode) == "journey"
    leans: Sequence[int | None] = [None] * n_tracks
    if estimate.uncertain:
        leans = _shared_out(estimate.probabilities, n_tracks)
    if not journey:
        aims = {lean: aim_for(estimate, mode, leaning_to=lean) for lean in dict.fromkeys(leans)}
        return tuple(aims[lean] for lean in sorted(leans, key=leans.index))
    steps = np.linspace(0.0, 1.0, n_tracks) if n_tracks > 1 else np.array([0.5])
    return tuple(
        aim_for(estimate, mode, progress=float(step), leaning_to=lean)
        for step, lean in zip(steps, leans, strict=True)
    )


def placed(aims: Sequence[Aim], model: MoodModel) -> tuple[Aim, ...]:
    """Return aims with their places in a catalogue; aims that were one object still are.

    The share `anywhere` of `mapping.toml` of each place is where music that is typical of the mood
    lies in the catalogue that `model` was fitted on, the rest is `Aim.targets`. An aim that is
    placed already is placed anew.
    """
    distinct = {id(aim): aim for aim in aims}
    typical = pd.DataFrame([aim.typical for aim in distinct.values()])
    targets = np.array([[aim.targets[name] for name in FEATURE_NAMES] for aim in distinct.values()])
    places = (1 - SETTINGS.anywhere) * targets + SETTINGS.anywhere * model.quantiles(typical)
    there = {
        key: replace(aim, quantiles=dict(zip(FEATURE_NAMES, place.tolist(), strict=True)))
        for (key, aim), place in zip(distinct.items(), places, strict=True)
    }
    return tuple(there[id(aim)] for aim in aims)


def made_for_the_club(genres: pd.Series, titles: pd.Series | None = None) -> np.ndarray:
    """Return for each cell of genres, joined by ``;``, whether one of them is club music, (n,).

    A genre is, if a word of the list in `mapping.toml` is in it: ``deep-house`` is, for ``house``.
    A cell without genres is not. Where titles are given, one that calls itself a remix is, too.
    """
    words = "|".join(map(re.escape, SETTINGS.club_genres))
    codes, cells = pd.factorize(genres.fillna("").astype("str"))
    names = pd.Series(cells, dtype="str").str.casefold().str.replace(r"[-_\s]+", " ", regex=True)
    is_club = names.str.contains(rf"\b(?:{words})\b", regex=True).to_numpy(dtype=bool)[codes]
    if titles is None:
        return is_club
    words = "|".join(map(re.escape, SETTINGS.club_titles))
    remixed = titles.astype("str").str.contains(rf"\b(?:{words})\b", case=False, regex=True)
    return is_club | remixed.to_numpy(dtype=bool)


def _shared_out(probabilities: Sequence[float], n_places: int) -> list[int]:
    """Return an emotion for each place: as many as its probability says, evenly interleaved.

    Whole places by the largest remainders, as seats are shared out among parties.
    """
    wanted = np.array(probabilities) * n_places
    counts = np.floor(wanted).astype(int)
    most_left = np.argsort(counts - wanted, kind="stable")
    counts[most_left[: n_places - counts.sum()]] += 1
    places = [((k + 0.5) / count, e) for e, count in enumerate(counts) for k in range(count)]
    return [emotion for _, emotion in sorted(places)]


def ranked_moods(aim: Aim, model: MoodModel) -> list[tuple[Mood, float]]:
    """Return every mood of the model with its centroid's distance from the aim, nearest first.

    The aim should be `placed` in the model's catalogue.
    """
    places = np.array([[mood.quantiles[f] for f in FEATURE_NAMES] for mood in model.moods])
    distances = aim.distances(places)
    order = np.argsort(distances, kind="stable")
    return [(model.moods[index], float(distances[index])) for index in order]


def chosen_moods(aim: Aim, model: MoodModel) -> list[Mood]:
    """Return the nearest mood, and those that are hardly farther: by no more than the spread.

    An uncertain aim has two at least, where there are two.
    """
    ranked = ranked_moods(aim, model)
    reach = ranked[1 if aim.uncertain and len(ranked) > 1 else 0][1]
    reach = max(reach, ranked[0][1] + aim.spread)
    return [mood for mood, distance in ranked if distance <= reach]
