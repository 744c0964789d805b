"""A model folder that is missing, broken or foreign is refused, and the message says so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from ser.network.artefact import FORMAT, FORMAT_VERSION, load
from ser.settings import FeatureSettings

onnx = pytest.importorskip("onnx", reason="onnx comes with the extra 'train'")

# Odd sizes, so that nothing fits by chance; the filter banks need not be librosa's here.
SETTINGS = FeatureSettings(n_mels=5, n_mfcc=4, n_chroma=3, pitch=False, delta_width=0)


def tiny_model(n_features: int, inputs: tuple[str, str] = ("features", "mask")) -> bytes:
    """Return an ONNX model that weighs the mean of the features by fixed numbers."""
    from onnx import TensorProto, helper, numpy_helper

    features, mask = inputs
    weights = np.random.default_rng(0).normal(size=(n_features, 8)).astype(np.float32)
    nodes = [
        helper.make_node("Unsqueeze", [mask, "last"], ["column"]),
        helper.make_node("Mul", [features, "column"], ["heard"]),
        helper.make_node("ReduceMean", ["heard", "time"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(features, TensorProto.FLOAT, ["n", "t", n_features]),
            helper.make_tensor_value_info(mask, TensorProto.FLOAT, ["n", "t"]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 8])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([2]), "last"),
            numpy_helper.from_array(np.array([1]), "time"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def write_banks(folder: Path, **shapes: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    bins = 1 + SETTINGS.n_fft // 2
    shapes = {"mel": (5, bins), "chroma": (3, bins)} | shapes
    banks = {name: rng.random(shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez(folder / "preprocessing.npz", **banks)


def change_settings(folder: Path, **changes: Any) -> None:
    path = folder / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my model"
    folder.mkdir()
    settings = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "labels": list(EMOTION_NAMES),
        "features": SETTINGS.to_dict(),
        "recipe": {"seed": 1},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model.onnx").write_bytes(tiny_model(SETTINGS.n_features))
    write_banks(folder)
    return folder


def test_a_whole_folder_loads_and_answers(folder: Path) -> None:
    artefact = load(folder)
    assert artefact.extractor.settings == SETTINGS
    assert artefact.settings["recipe"] == {"seed": 1}
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    features = artefact.extractor(noise)[None]
    mask = np.ones(features.shape[:2], np.float32)
    [probabilities] = artefact.session.run(None, {"features": features, "mask": mask})
    assert probabilities.shape == (1, 8)
    assert probabilities.sum() == pytest.approx(1.0)


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def holding(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def cut(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-200])


def settings_with(**changes: Any) -> Callable[[Path], object]:
    return lambda folder: change_settings(folder, **changes)


FEATURES = SETTINGS.to_dict()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (without("settings.json"), "settings.json is missing"),
        (without("preprocessing.npz"), "preprocessing.npz is missing"),
        (without("model.onnx"), "model.onnx is missing"),
        (holding("settings.json", b""), "is broken"),
        (holding("settings.json", b"{not JSON"), "is broken"),
        (holding("settings.json", b"\xff\xfe\x00"), "is broken"),
        (holding("settings.json", b"[]"), "settings.json is not of emotify-ser"),
        (holding("settings.json", b'{"name": "package"}'), "settings.json is not of emotify-ser"),
        (settings_with(format="other"), "settings.json is not of emotify-ser"),
        (settings_with(format_version=FORMAT_VERSION + 1), "has format version 2, this Emotify"),
        (settings_with(labels=sorted(EMOTION_NAMES)), "has labels .*'angry', 'calm'.*expected"),
        (settings_with(labels=list(EMOTION_NAMES[:7])), "has labels"),
        (settings_with(labels=None), "has labels None"),
        (settings_with(features=None), "is broken"),
        (settings_with(features={"frequency": 1}), "is broken.*frequency"),
        (settings_with(features=FEATURES | {"n_mels": 6}), "is broken.*bank mel has shape"),
        (settings_with(features=FEATURES | {"n_mfcc": 3}), "is broken.*features of width 6"),
        (settings_with(features=FEATURES | {"n_mels": "five"}), "is broken"),
        (holding("preprocessing.npz", b""), "is broken"),
        (holding("preprocessing.npz", b"PK\x03\x04 and then nothing"), "is broken"),
        (cut("preprocessing.npz"), "is broken"),
        (lambda folder: np.savez(folder / "preprocessing.npz", mel=np.ones(3)), "is broken"),
        (lambda folder: write_banks(folder, chroma=(2, 513)), "bank chroma has shape"),
        (holding("model.onnx", b""), "is broken"),
        (holding("model.onnx", b"version https://git-lfs.github.com/spec/v1\n"), "is broken"),
        (cut("model.onnx"), "is broken"),
        (holding("model.onnx", tiny_model(99)), "is broken.*features of width 7"),
        (holding("model.onnx", tiny_model(7, ("sound", "mask"))), "is broken.*takes"),
    ],
)
def test_a_spoilt_folder_is_refused(
    folder: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(folder)
    with pytest.raises(InputError, match=words) as caught:
        load(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert "emotify train" in message  # what to do
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("name", ["nowhere", "settings.json", ""])
def test_what_is_no_model_folder_is_refused(folder: Path, name: str) -> None:
    place = folder / name if name else folder.parent
    with pytest.raises(InputError, match=r"no such folder|settings\.json is missing"):
        load(place)


def test_a_pickle_in_the_preprocessing_is_not_run(folder: Path) -> None:
    np.savez(folder / "preprocessing.npz", mel=np.array([{"a": 1}], dtype=object), chroma=[1])
    with pytest.raises(InputError, match="is broken"):
        load(folder)
