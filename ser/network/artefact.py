"""One trained model as one folder, which loads without the code that trained it.

::

    model.onnx           the network as it is served (standardisation inside)
    model.keras          the same weights for Keras (the shipped model only)
    preprocessing.npz    mel and chroma filter banks; mean and scale of the training features
    settings.json        format, labels in the order of the probabilities, feature settings, recipe
    metrics.json         how the recipe was judged (the shipped model only)
    README.md            model card (the shipped model only)

`save` needs Keras; `load` needs ONNX Runtime alone.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.shipped import shipped
from foundation.text import printable
from ser.features.mfcc import FeatureExtractor
from ser.settings import FeatureSettings, Matrix

if TYPE_CHECKING:
    import keras
    import onnxruntime

FORMAT = "emotify-ser"
FORMAT_VERSION = 1
DEFAULT_FOLDER = shipped("models", "ser")


@dataclass(frozen=True)
class Artefact:
    """A loaded model.

    Attributes
    ----------
    folder
        Where it lies.
    extractor
        Feature extraction with the model's own filter banks.
    session
        ONNX Runtime session: ``features`` (batch, frames, n_features) and ``mask``
        (batch, frames) in; probabilities (batch, 8), then the last hidden layer
        ``embedding`` (batch, units) out.
    settings
        All of ``settings.json``.
    feature_mean, feature_scale
        Statistics of the training features, shape (n_features,), as in the network's first layer;
        None in a folder that was saved without them.
    """

    folder: Path
    extractor: FeatureExtractor
    session: "onnxruntime.InferenceSession"
    settings: dict[str, Any]
    feature_mean: Matrix | None = None
    feature_scale: Matrix | None = None


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
    import onnxruntime

    folder = DEFAULT_FOLDER if folder is None else Path(folder)
    name = printable(folder)
    advice = f"give a folder that `emotify train --out` wrote, or leave it out for {DEFAULT_FOLDER}"
    if not folder.is_dir():
        raise InputError(f"model folder {name}: no such folder; {advice}")
    try:
        settings = json.loads((folder / "settings.json").read_text("utf-8"))
        if not isinstance(settings, dict) or settings.get("format") != FORMAT:
            raise InputError(f"model folder {name}: settings.json is not Emotify's; {advice}")
        if settings["format_version"] != FORMAT_VERSION:
            raise InputError(
                f"model folder {name}: has format version {settings['format_version']}, this "
                f"Emotify reads {FORMAT_VERSION}; {advice}"
            )
        if tuple(settings["labels"]) != EMOTION_NAMES:
            raise InputError(
                f"model folder {name}: its labels are {settings['labels']}, expected "
                f"{list(EMOTION_NAMES)}; {advice}"
            )
        with np.load(folder / "preprocessing.npz") as banks:
            filter_banks = {key: banks[key] for key in ("mel", "chroma")}
            statistics = [banks.get(key) for key in ("feature_mean", "feature_scale")]
        extractor = FeatureExtractor(FeatureSettings(**settings["features"]), filter_banks)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # One utterance is too small to share: threads only add start-up and contention.
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            (folder / "model.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        _check_graph(session, extractor.settings)
    except InputError:
        raise
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise InputError(f"model folder {name}: {missing} is missing; {advice}") from error
    except Exception as error:
        # NumPy, zipfile, json and ONNX Runtime each raise their own kinds for a damaged file, and
        # those of ONNX Runtime have no base in common.
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"model folder {name}: is broken ({reason}); {advice}") from error
    return Artefact(folder, extractor, session, settings, *statistics)


def _check_graph(session: "onnxruntime.InferenceSession", features: FeatureSettings) -> None:
    shapes = {node.name: node.shape for node in session.get_inputs()}
    if set(shapes) != {"features", "mask"} or shapes["features"][-1] != features.n_features:
        raise ValueError(
            f"model.onnx takes {shapes}, the settings give features of width {features.n_features}"
        )


def save(
    folder: Path,
    model: "keras.Model",
    extractor: FeatureExtractor,
    recipe: dict[str, Any],
    *,
    with_keras: bool,
) -> None:
    """Write a model folder; files of the same names are replaced together at the end.

    Parameters
    ----------
    folder
        Target; made if it is not there.
    model
        The trained network.
    extractor
        The feature extraction it was trained with.
    recipe
        Seed, actors, and settings of training, as plain values.
    with_keras
        Also keep ``model.keras``.
    """
    from ser.network.onnx_export import export  # imports Keras

    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "labels": list(EMOTION_NAMES),
        "features": extractor.settings.to_dict(),
        "recipe": recipe,
    }
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder) as name:
        staging = Path(name)
        export(model, staging / "model.onnx")
        if with_keras:
            model.save(staging / "model.keras")
        np.savez_compressed(
            staging / "preprocessing.npz",
            mel=extractor.filter_banks["mel"],
            chroma=extractor.filter_banks["chroma"],
            feature_mean=_first_layer(model, "mean"),
            feature_scale=_first_layer(model, "scale"),
        )
        text = json.dumps(settings, indent=2) + "\n"
        (staging / "settings.json").write_text(text, "utf-8")
        for path in staging.iterdir():
            shutil.move(path, folder / path.name)


def _first_layer(model: "keras.Model", name: str) -> Matrix:
    # The networks of an average have the same training data, so the first stands for all.
    return next(w.numpy() for w in model.weights if w.path.endswith(f"standardise/{name}"))


def stored_settings(folder: Path) -> dict[str, Any]:
    """Return the ``settings.json`` of a model folder, empty where there is none to read."""
    try:
        settings = json.loads((folder / "settings.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as they come back from JSON: tuples are lists there."""
    return json.loads(json.dumps(values))
