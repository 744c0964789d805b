"""One trained model as one folder, which loads without the code that trained it.

::

    model.onnx           the network as it is served (standardisation inside)
    model.keras          the same weights for Keras (the shipped model only)
    preprocessing.npz    mel and chroma filter banks; mean and scale of the training features
    settings.json        format, labels in the order of the probabilities, feature settings, recipe
    SHA256SUMS           checksums of what is loaded
    metrics.json         how the recipe was judged (the shipped model only)
    README.md            model card (the shipped model only)

`save` needs Keras; `load` needs ONNX Runtime alone.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotions.calibration import CONFIDENT_ABOVE, Calibration
from emotions.labels import EMOTION_NAMES
from foundation.artefacts import ArtefactKind, Contents, read_settings
from foundation.shipped import shipped
from ser.features.mfcc import FeatureExtractor
from ser.settings import FeatureSettings, Matrix

if TYPE_CHECKING:
    import keras
    import onnxruntime

    from ser.features.encoder import EncoderFrames
    from ser.network.pooled_head import PooledHead

    Extractor = FeatureExtractor | EncoderFrames

FORMAT = "emotify-ser"
FORMAT_VERSION = 1
NETWORK_FILE, PREPROCESSING_FILE = "model.onnx", "preprocessing.npz"
DEFAULT_FOLDER = shipped("models", "ser")
EAR_FOLDER = shipped("models", "ear")  # the larger ear, on a frozen encoder
KIND = ArtefactKind(
    FORMAT,
    FORMAT_VERSION,
    title="model folder",
    files=(NETWORK_FILE, PREPROCESSING_FILE),
    advice=f"give a folder that `emotify train --out` wrote, or leave it out for {DEFAULT_FOLDER}",
    shipped=DEFAULT_FOLDER,
)


@dataclass(frozen=True)
class Artefact:
    """A loaded model.

    Attributes
    ----------
    folder
        Where it lies.
    extractor
        Feature extraction: MFCC with the model's own filter banks, or a frozen encoder's frames.
    session
        ONNX Runtime session: ``features`` (batch, frames, n_features) and ``mask``
        (batch, frames) in; probabilities (batch, 8), then the last hidden layer
        ``embedding`` (batch, units) out.
    settings
        All of ``settings.json``.
    network_sha256
        SHA-256 of ``model.onnx`` in hexadecimal.
    feature_mean, feature_scale
        Statistics of the training features, shape (n_features,), as in the network's first layer;
        None in a folder that was saved without them.
    """

    folder: Path
    extractor: "Extractor"
    session: "onnxruntime.InferenceSession"
    settings: dict[str, Any]
    network_sha256: str
    feature_mean: Matrix | None = None
    feature_scale: Matrix | None = None

    @property
    def emotions(self) -> tuple[str, ...]:
        """Names of the emotions that it was trained on, which are all that it answers."""
        return tuple(self.settings.get("recipe", {}).get("emotions", EMOTION_NAMES))


def load(folder: str | Path | None = None) -> Artefact:
    """Load a model folder.

    Parameters
    ----------
    folder
        A folder that `save` wrote; the shipped model by default.

    Raises
    ------
    InputError
        If the folder is missing, broken, or not a model of this project and version.
    """
    return KIND.load(DEFAULT_FOLDER if folder is None else folder, _built)


def _built(held: Contents) -> Artefact:
    held.expect(labels=list(EMOTION_NAMES))
    arrays = held.arrays(PREPROCESSING_FILE)
    extractor = _extractor(held, arrays)
    session = held.network(NETWORK_FILE, "features", "mask")
    _check_graph(session, extractor.settings)
    for name in ("feature_mean", "feature_scale"):
        if name in arrays and arrays[name].shape != (extractor.settings.n_features,):
            raise ValueError(f"{name} in {PREPROCESSING_FILE} is of other features")
    artefact = Artefact(
        held.folder,
        extractor,
        session,
        held.settings,
        held.digests[NETWORK_FILE],
        arrays.get("feature_mean"),
        arrays.get("feature_scale"),
    )
    if not artefact.emotions or set(artefact.emotions) - set(EMOTION_NAMES):
        raise ValueError(f"it was trained on {list(artefact.emotions)}")
    return artefact


def _extractor(held: Contents, arrays: dict[str, Matrix]) -> "Extractor":
    features = held.settings["features"]
    if "layers" not in features:
        filter_banks = {key: arrays[key] for key in ("mel", "chroma")}
        return FeatureExtractor(FeatureSettings(**features), filter_banks)
    if not {"feature_mean", "feature_scale"} <= set(arrays):
        raise ValueError(f"{PREPROCESSING_FILE} lacks the statistics of the training frames")
    from ser.features.encoder import load_encoder  # the small network does without

    encoder = load_encoder()
    if held.settings["encoder"] != encoder.digests or features != plain(encoder.settings.to_dict()):
        raise ValueError("it was trained on frames of another encoder than the one that is here")
    return encoder


def _check_graph(session: "onnxruntime.InferenceSession", features: Any) -> None:
    shapes = {node.name: node.shape for node in session.get_inputs()}
    if shapes["features"][-1] != features.n_features:
        raise ValueError(
            f"{NETWORK_FILE} takes {shapes}, the settings give features of width "
            f"{features.n_features}"
        )


def save(
    folder: Path,
    model: "keras.Model",
    extractor: FeatureExtractor,
    recipe: dict[str, Any],
    *,
    with_keras: bool,
) -> None:
    """Write a model folder; what it held of a model is replaced together at the end.

    Parameters
    ----------
    folder
        Target; made if it is not there.
    model
        The trained network.
    extractor
        The feature extraction it was trained with.
    recipe
        Seed, speakers, and settings of training, as plain values; ``emotions`` names those that
        there were, where they are not all eight.
    with_keras
        Also keep ``model.keras``.

    Raises
    ------
    InputError
        If `folder` cannot be written to, or holds another kind of model.
    """
    from ser.network.onnx_export import export  # imports Keras

    settings = {
        "labels": list(EMOTION_NAMES),
        "features": extractor.settings.to_dict(),
        "recipe": recipe,
    }
    with KIND.saving(folder, settings) as staged:
        export(model, staged / NETWORK_FILE)
        if with_keras:
            model.save(staged / "model.keras")
        np.savez_compressed(
            staged / PREPROCESSING_FILE,
            mel=extractor.filter_banks["mel"],
            chroma=extractor.filter_banks["chroma"],
            feature_mean=_first_layer(model, "mean"),
            feature_scale=_first_layer(model, "scale"),
        )


def save_head(
    folder: Path,
    head: "PooledHead",
    encoder: "EncoderFrames",
    frame_statistics: tuple[Matrix, Matrix],
    recipe: dict[str, Any],
) -> None:
    """Write a model folder of a layer on a frozen encoder, which lies in a folder of its own.

    Parameters
    ----------
    folder, recipe
        As for `save`.
    head
        What was trained.
    encoder
        On whose frames.
    frame_statistics
        Mean and deviation of the training frames, shape (n_features,) each.

    Raises
    ------
    InputError
        As `save`.
    """
    from ser.network.pooled_head import graph_of

    settings: dict[str, Any] = {
        "labels": list(EMOTION_NAMES),
        "features": encoder.settings.to_dict(),
        "encoder": encoder.digests,
        "trust": head.trust.to_dict(),  # for whoever reads it: the graph applies it
        "calibration": Calibration(confident_above=CONFIDENT_ABOVE).to_dict(),
        "recipe": recipe,
    }
    if math.isfinite(head.unlike_above):
        settings["unlike_above"] = head.unlike_above
    mean, scale = frame_statistics
    with KIND.saving(folder, settings) as staged:
        (staged / NETWORK_FILE).write_bytes(graph_of(head).SerializeToString())
        np.savez_compressed(staged / PREPROCESSING_FILE, feature_mean=mean, feature_scale=scale)


def _first_layer(model: "keras.Model", name: str) -> Matrix:
    # The networks of an average have the same training data, so the first stands for all.
    return next(w.numpy() for w in model.weights if w.path.endswith(f"standardise/{name}"))


def stored_settings(folder: Path) -> dict[str, Any]:
    """Return the ``settings.json`` of a model folder, empty where there is none to read."""
    try:
        return read_settings(folder)
    except (OSError, ValueError):
        return {}


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as they come back from JSON: tuples are lists there."""
    return json.loads(json.dumps(values))
