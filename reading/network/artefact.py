"""The trained reader as one folder, which loads without the code that trained it.

::

    network.npz          weights of `reading.network.network`, float16
    settings.json        labels, nuances, calibration, languages, recipe
    SHA256SUMS           checksums of what is loaded

The pieces and their embeddings lie in a folder of their own (`reading.network.pieces`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotions.calibration import Calibration
from emotions.labels import EMOTION_NAMES
from foundation.artefacts import ArtefactKind, Contents
from foundation.shipped import shipped
from reading.network.network import ReadingNetwork, check_weights
from reading.network.pieces import Pieces, load_pieces
from reading.nuances import NUANCES

FOLDER = shipped("models", "reading")
NETWORK_FILE = "network.npz"
SIDE = "side_embeddings"  # the array of the small embeddings
KIND = ArtefactKind(
    "emotify-reading",
    1,
    title="reader",
    files=(NETWORK_FILE,),
    advice=f"give what `python -m reading.train --out FOLDER` wrote, or leave it out for {FOLDER}",
    shipped=FOLDER,
)


@dataclass(frozen=True, eq=False)
class ReaderArtefact:
    """A loaded reader.

    Attributes
    ----------
    folder
        Where it lies.
    pieces, network
        What cuts a text, and what reads the pieces.
    calibration
        Of the eight probabilities.
    nuance_temperature
        Divides the logits of the nuances.
    languages
        ISO 639-1 codes of the languages that it was trained on.
    settings
        All of ``settings.json``.
    """

    folder: Path
    pieces: Pieces
    network: ReadingNetwork
    calibration: Calibration
    nuance_temperature: float
    languages: tuple[str, ...]
    settings: dict[str, Any]


def load(folder: str | Path | None = None) -> ReaderArtefact:
    """Load a reader's folder; the shipped one by default.

    Raises
    ------
    InputError
        If the folder is missing, broken, or not a reader of this project and version.
    """
    return KIND.load(FOLDER if folder is None else folder, _built)


def _built(held: Contents) -> ReaderArtefact:
    pieces = load_pieces()
    held.expect(labels=list(EMOTION_NAMES), nuances=nuance_settings(), pieces=pieces.digests)
    weights = {name: array.astype(np.float32) for name, array in held.arrays(NETWORK_FILE).items()}
    side = weights.pop(SIDE)
    check_weights(weights, side.shape[1])
    if len(side) != len(pieces.table.packed):
        raise ValueError(f"{SIDE} in {NETWORK_FILE} is of other pieces")
    return ReaderArtefact(
        held.folder,
        pieces,
        ReadingNetwork(weights, pieces.table, side),
        Calibration.from_dict(held.settings.get("calibration")),
        float(held.settings["nuance_temperature"]),
        tuple(held.settings["languages"]),
        held.settings,
    )


def nuance_settings() -> list[dict[str, Any]]:
    """Return the nuances with their places and sources, as they stand in the settings."""
    return [
        {"name": n.name, "valence": n.valence, "arousal": n.arousal, "source": n.source}
        for n in NUANCES
    ]


def save(
    folder: Path,
    weights: Mapping[str, NDArray[np.floating]],
    side: NDArray[np.floating],
    told: Mapping[str, Any],
) -> None:
    """Write a reader's folder.

    Parameters
    ----------
    folder
        Target; made if it is not there.
    weights, side
        As `reading.network.network.ReadingNetwork` takes them; kept as float16.
    told
        ``calibration``, ``nuance_temperature``, ``languages`` and ``recipe``.

    Raises
    ------
    InputError
        If `folder` cannot be written to, or holds another kind of model.
    """
    settings = {
        "labels": list(EMOTION_NAMES),
        "nuances": nuance_settings(),
        "pieces": load_pieces().digests,
        **told,
    }
    named = {**weights, SIDE: side}
    arrays: dict[str, Any] = {name: np.asarray(named[name], np.float16) for name in named}
    with KIND.saving(folder, settings) as staged:
        np.savez_compressed(staged / NETWORK_FILE, **arrays)
