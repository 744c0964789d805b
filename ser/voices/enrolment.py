"""Profiles of voices: recordings of somebody flow in, statistics that know the voice flow out.

A profile is one private JSON file in the user's data folder (``EMOTIFY_DATA_HOME`` names another
one). It holds the mean and standard deviation of the features, for each recording a SHA-256 so that
none counts twice, and for recordings with a known emotion what the network said of them. No audio,
and nothing that a word could be made out from. `ser.voices.adaptation` says what is done with it.

>>> from ser.recognizer import load_recognizer
>>> from ser.voices.enrolment import enrol
>>> recognizer = load_recognizer()
>>> profile, _ = enrol(recognizer, "ann", ["data/samples/reading_short.wav"])
>>> profile.summary()
'ann: 1 recording, 3 s of speech'
>>> recognizer.for_speaker(profile).predict("data/samples/reading_long.wav").label
'sad'
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotions.labels import EMOTION_NAMES, emotion_named
from foundation.errors import InputError
from foundation.records import RecordFormat, record_names
from foundation.text import printable
from foundation.user_data import DATA_HOME_VARIABLE, SPEAKERS, make_private_folder, user_data_folder
from ser.network.artefact import Artefact
from ser.network.hearing import Hearing
from ser.sound.piped import PipedFile, is_piped
from ser.sound.voice_activity import LEAST_SPEECH_SECONDS
from ser.sound.windows import Window
from ser.voices.adaptation import Adaptation, directions, fit_correction
from ser.voices.normalisation import FeatureStatistics, statistics_of, to_training

FORMAT = RecordFormat("emotify-speaker", 1, "profile of a speaker")
ENOUGH_CLIPS = 8  # fewer are shrunk so much that little changes; see `ser.voices.adaptation`
# The name is a file name, on every system: no separators, no leading dot, nothing to quote.
NAME = re.compile(r"[^\W_][\w-]{0,63}")
RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]", re.IGNORECASE)  # devices on Windows
DIGITS = 6  # float32 has no more


@dataclass(frozen=True, eq=False)
class LabelledClip:
    """What the network says of a recording whose emotion is known.

    Attributes
    ----------
    digest
        SHA-256 of the file.
    emotion
        What was expressed, 0-7.
    probabilities
        Of the network as it is, without calibration, shape (8,).
    direction
        Of its last hidden layer, shape (units,), of length 1.
    """

    digest: str
    emotion: int
    probabilities: NDArray[np.float64]
    direction: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "sha256": self.digest,
            "emotion": EMOTION_NAMES[self.emotion],
            "probabilities": _rounded(self.probabilities),
            "direction": _rounded(self.direction),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LabelledClip":
        """Return what `to_dict` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or cannot be a clip.
        """
        probabilities, direction = (
            np.array(values[key], np.float64) for key in ("probabilities", "direction")
        )
        if probabilities.shape != (len(EMOTION_NAMES),) or direction.ndim != 1:
            raise ValueError(f"{probabilities.shape} probabilities, direction {direction.shape}")
        if not (np.isfinite(probabilities).all() and (probabilities >= 0).all()):
            raise ValueError("probabilities must be finite and not negative")
        if not (np.isfinite(direction).all() and probabilities.sum() > 0):
            raise ValueError("a direction must be finite, and probabilities not all zero")
        emotion = EMOTION_NAMES.index(values["emotion"])
        return cls(str(values["sha256"]), emotion, probabilities, direction)


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of one voice.

    Attributes
    ----------
    name
        As `check_name` accepts it.
    features
        Feature settings of the model it was enrolled with, plain values.
    model
        SHA-256 of that model's network: what is known of labelled clips holds for it alone.
    statistics
        Of all recordings together.
    digests
        SHA-256 of every file enrolled, in order.
    labelled
        Those with an emotion.
    """

    name: str
    features: Mapping[str, Any]
    model: str
    statistics: FeatureStatistics
    digests: tuple[str, ...]
    labelled: tuple[LabelledClip, ...] = ()

    def check_model(self, artefact: Artefact) -> None:
        """Refuse a model that the profile does not belong to.

        Raises
        ------
        InputError
            If its features differ, or if there are labelled clips and it is another network.
        """
        settings = artefact.extractor.settings.to_dict()
        differing = [
            f"{key} {self.features.get(key)!r} there, {settings.get(key)!r} here"
            for key in sorted({*settings, *self.features})
            if self.features.get(key) != settings.get(key)
        ]
        if not differing and self.labelled and self.model != artefact.network_sha256:
            differing = ["what was learned from its labelled recordings fits no other network"]
        if differing:
            raise InputError(
                f"speaker {self.name!r} was enrolled with another model than "
                f"{printable(artefact.folder)} ({'; '.join(differing)}); give that one with "
                f"--model, or begin anew: `emotify enrol {self.name} --remove`"
            )

    def adaptation(self, recognizer: Hearing) -> Adaptation:
        """Return how this voice changes the answers of a recogniser.

        Raises
        ------
        InputError
            As `check_model`, and if the model does not say what its training data were like.
        """
        self.check_model(recognizer.artefact)
        transform = to_training(self.statistics, recognizer.artefact)
        if not self.labelled:
            return Adaptation(transform)
        correction = fit_correction(
            [clip.emotion for clip in self.labelled],
            recognizer.calibration.apply([clip.probabilities for clip in self.labelled]),
            [clip.direction for clip in self.labelled],
        )
        return Adaptation(transform, correction)

    def summary(self) -> str:
        """Say in one line what is in it."""
        counts = Counter(clip.emotion for clip in self.labelled)
        known = ", ".join(f"{EMOTION_NAMES[k]} {counts[k]}" for k in sorted(counts))
        return (
            f"{self.name}: {len(self.digests)} recording{'s' * (len(self.digests) != 1)}, "
            f"{self.statistics.n_frames * self.features['hop_seconds']:.0f} s of speech"
            + (f"; with an emotion: {known}" if known else "")
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "features": dict(self.features),
            "model": self.model,
            "statistics": self.statistics.to_dict(),
            "sha256": list(self.digests),
            "labelled": [clip.to_dict() for clip in self.labelled],
        }


@dataclass(frozen=True)
class Enrolment:
    """What became of the files of one call of `enrol`.

    Attributes
    ----------
    added
        Files that were not known.
    labelled
        Files that were known, and got their emotion or another one now.
    known
        Files that were known as they are.
    refused
        Why other files cannot be used.
    """

    added: list[Path] = field(default_factory=list)
    labelled: list[Path] = field(default_factory=list)
    known: list[Path] = field(default_factory=list)
    refused: list[InputError] = field(default_factory=list)


def enrol(
    recognizer: Hearing,
    name: str,
    files: Sequence[str | os.PathLike[str]],
    *,
    emotion: str | None = None,
) -> tuple[Profile | None, Enrolment]:
    """Add recordings of one person speaking to a profile, stored or new, and store it.

    Parameters
    ----------
    recognizer
        The model that the profile is for.
    name
        Of the speaker.
    files
        Recordings. One that cannot be used is left out.
    emotion
        Name of the emotion that all of them express, if it is known.

    Returns
    -------
    tuple
        The profile, None if there was none and no file can be used; and what became of the files.

    Raises
    ------
    InputError
        If the name or the emotion is none, the stored profile is broken or belongs to another
        model, or the profile cannot be written.
    """
    label = None if emotion is None else EMOTION_NAMES.index(emotion_named(emotion).name)
    profile = load_profile(name) if profile_path(name).exists() else None
    if profile is not None:
        profile.check_model(recognizer.artefact)
    result = Enrolment()
    for path in map(Path, files):
        try:
            profile, what = _with_file(recognizer, name, profile, path, label)
        except InputError as error:
            result.refused.append(error)
        else:
            getattr(result, what).append(path)
    if profile is not None and (result.added or result.labelled):
        profile.adaptation(recognizer)  # what cannot be used is not stored
        save_profile(profile)
    return profile, result


def _with_file(
    recognizer: Hearing, name: str, profile: Profile | None, path: Path, label: int | None
) -> tuple[Profile, str]:
    piped = PipedFile(path) if is_piped(path) else None  # the file goes with it
    path = path if piped is None else piped.path
    digest = _file_digest(path)
    is_known = profile is not None and digest in profile.digests
    then = next((c for c in profile.labelled if c.digest == digest), None) if profile else None
    if profile is not None and is_known and (label is None or (then and then.emotion == label)):
        return profile, "known"
    windows = list(recognizer.features(path))
    statistics = statistics_of(windows, recognizer.settings.hop_seconds)
    if sum(window.new_speech_seconds for window, _ in windows) < LEAST_SPEECH_SECONDS:
        raise InputError(
            f"{printable(path)}: hardly any speech was heard in it; record one person speaking, "
            "near the microphone"
        )
    if profile is None:
        features = recognizer.settings.to_dict()
        model = recognizer.artefact.network_sha256
        profile = Profile(name, features, model, statistics, (digest,))
    elif not is_known:
        profile = replace(
            profile,
            statistics=profile.statistics.merge(statistics),
            digests=(*profile.digests, digest),
        )
    if label is not None:
        others = [clip for clip in profile.labelled if clip.digest != digest]
        probabilities, direction = heard(recognizer, windows)
        profile = replace(
            profile,
            # Without labels a profile serves any network with these features.
            model=recognizer.artefact.network_sha256,
            labelled=(*others, LabelledClip(digest, label, probabilities, direction)),
        )
    return profile, "labelled" if is_known else "added"


def heard(
    recognizer: Hearing, windows: Sequence[tuple[Window, NDArray[np.float32]]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what the bare network says of a whole clip: probabilities, and hidden direction.

    Windows weigh as much as there is speech in them; of probabilities it is the geometric mean.

    Raises
    ------
    InputError
        If the network gives no hidden layer.
    """
    probabilities, embeddings = recognizer.network([features for _, features in windows])
    if embeddings.shape[1] == 0:
        raise InputError(
            f"model folder {printable(recognizer.artefact.folder)}: its network does not tell its "
            "last hidden layer, which labelled recordings need; train it again with "
            "`emotify train --out FOLDER`, or leave out --emotion"
        )
    seconds = np.array([max(window.speech_seconds, 1e-3) for window, _ in windows])
    logarithms = np.log(np.maximum(probabilities.astype(np.float64), 1e-30))
    together = np.exp(np.average(logarithms, axis=0, weights=seconds))
    [direction] = directions([np.average(embeddings, axis=0, weights=seconds)])
    return together / together.sum(), direction


# --------------------------------------------------------------------------------------- files


def data_folder() -> Path:
    """Return the folder of the profiles, there or not."""
    return user_data_folder(SPEAKERS)


def check_name(name: str) -> str:
    """Return the name of a speaker as it is, if it can be one.

    Raises
    ------
    InputError
        If it is not 1-64 letters, digits, hyphens and underscores that begin with a letter or a
        digit, or if it is the name of a device on Windows.
    """
    if not NAME.fullmatch(name) or RESERVED.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of a speaker; use up to 64 letters, digits, - and _, a "
            "letter or digit first, such as ann or dad-2"
        )
    return name


def profile_path(name: str) -> Path:
    """Return where the profile of a speaker is, or would be; the name is checked."""
    return data_folder() / f"{check_name(name)}.json"


def speakers() -> list[str]:
    """Return the names of all who are enrolled, sorted."""
    return record_names(data_folder(), NAME)


def save_profile(profile: Profile) -> Path:
    """Write a profile so that its owner alone can read it, and return where it is.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    path = profile_path(profile.name)
    make_private_folder(path.parent, DATA_HOME_VARIABLE)
    FORMAT.write(path, profile.to_dict())
    return path


def load_profile(name: str) -> Profile:
    """Read the profile of a speaker.

    Raises
    ------
    InputError
        If there is none, or it is broken or of another version.
    """
    path = profile_path(name)
    advice = f"remove it with `emotify enrol {name} --remove` and enrol again"
    try:
        return FORMAT.read(path, partial(_profile, name), advice)
    except FileNotFoundError as error:
        others = speakers()
        raise InputError(
            f"no speaker {name!r} is enrolled ({', '.join(others) or 'nobody'} is); enrol with "
            f"`emotify enrol {name} FILE...`"
        ) from error


def _profile(name: str, stored: dict[str, Any]) -> Profile:
    profile = Profile(
        name,
        dict(stored["features"]),
        str(stored["model"]),
        FeatureStatistics.from_dict(stored["statistics"]),
        tuple(map(str, stored["sha256"])),
        tuple(map(LabelledClip.from_dict, stored["labelled"])),
    )
    if len({len(clip.direction) for clip in profile.labelled}) > 1:
        raise ValueError("directions of different networks")
    profile.summary()  # it needs what may be damaged
    return profile


def remove_profile(name: str) -> Path:
    """Delete the profile of a speaker and return where it was.

    Raises
    ------
    InputError
        If there is none.
    """
    path = profile_path(name)
    if not path.exists():
        load_profile(name)  # says who is enrolled
    path.unlink()
    return path


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{printable(path)}: cannot be read ({error.strerror}); give a recording"
        ) from error


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values.tolist()]
