"""The graph that is served computes what Keras computes, whatever the lengths in a batch."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training comes with the extra 'train'")

import onnxruntime  # noqa: E402
from keras import layers, ops  # noqa: E402

from ser.features.mfcc import pad  # noqa: E402
from ser.network import model as networks  # noqa: E402
from ser.network import statistics_model  # noqa: E402
from ser.network.onnx_export import export  # noqa: E402
from ser.settings import FeatureSettings  # noqa: E402

N_FEATURES = 7
LENGTHS = (40, 1, 2, 17, 39)
SIZES = networks.ModelSettings(conv_filters=6, conv_width=5, lstm_units=3, dense_units=5)


def with_random_weights(network: Any, seed: int) -> Any:
    """Fill every weight; variances and scales must be positive."""
    rng = np.random.default_rng(seed)
    for variable in network.weights:
        positive = variable.name in ("moving_variance", "scale")
        low, high = (0.5, 2.0) if positive else (-1.0, 1.0)
        variable.assign(rng.uniform(low, high, variable.shape))
    return network


def network_of(seed: int, sizes: networks.ModelSettings = SIZES) -> Any:
    zeros, ones = np.zeros(N_FEATURES), np.ones(N_FEATURES)
    return with_random_weights(networks.build_model(N_FEATURES, zeros, ones, sizes), seed)


def batch_of(lengths: tuple[int, ...] = LENGTHS) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(1)
    matrices = [rng.normal(0, 2, (n, N_FEATURES)).astype(np.float32) for n in lengths]
    batch, mask = pad(matrices)
    return {"features": batch, "mask": mask}


def answers(network: Any, inputs: dict[str, Any]) -> NDArray[np.float32]:
    return ops.convert_to_numpy(network(inputs, training=False))


def served(network: Any, path: Path, inputs: dict[str, Any]) -> list[NDArray[np.float32]]:
    export(network, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [node.name for node in session.get_inputs()] == ["features", "mask"]
    assert [node.name for node in session.get_outputs()] == ["probabilities", "embedding"]
    return session.run(None, inputs)


@pytest.mark.parametrize("n_members", [1, 3])
def test_probabilities_and_embedding_are_those_of_keras(n_members: int, tmp_path: Path) -> None:
    network = networks.average_of([network_of(seed) for seed in range(n_members)])
    inputs = batch_of()
    probabilities, embedding = served(network, tmp_path / "model.onnx", inputs)
    expected = answers(network, inputs)
    assert np.ptp(expected, axis=0).min() > 1e-3  # the rows differ, so equality says something
    assert probabilities == pytest.approx(expected, abs=1e-5)
    members = [network.get_layer(f"member_{i}") for i in range(n_members)] if n_members > 1 else []
    hidden = [
        answers(keras.Model(member.inputs, member.get_layer("dense").output), inputs)
        for member in members or [network]
    ]
    assert embedding.shape == (len(LENGTHS), n_members * SIZES.dense_units)
    assert embedding == pytest.approx(np.concatenate(hidden, axis=1), abs=1e-5)


def test_padding_changes_nothing(tmp_path: Path) -> None:
    network, inputs = network_of(0), batch_of((12, 5))
    together = served(network, tmp_path / "model.onnx", inputs)
    alone = {"features": inputs["features"][1:, :5], "mask": inputs["mask"][1:, :5]}
    for padded, plain in zip(together, served(network, tmp_path / "b.onnx", alone), strict=True):
        assert padded[1] == pytest.approx(plain[0], abs=1e-6)


def test_an_even_kernel_is_padded_as_in_keras(tmp_path: Path) -> None:
    sizes = networks.ModelSettings(conv_filters=6, conv_width=4, lstm_units=3, dense_units=5)
    network, inputs = network_of(0, sizes), batch_of()
    [probabilities, _] = served(network, tmp_path / "model.onnx", inputs)
    assert probabilities == pytest.approx(answers(network, inputs), abs=1e-5)


@pytest.mark.parametrize("time_pooling", [1, 2])
def test_frames_are_pooled_as_in_keras(time_pooling: int, tmp_path: Path) -> None:
    network, inputs = network_of(0, replace(SIZES, time_pooling=time_pooling)), batch_of()
    [probabilities, _] = served(network, tmp_path / "model.onnx", inputs)
    assert probabilities == pytest.approx(answers(network, inputs), abs=1e-5)


def test_a_network_beside_a_classifier_of_statistics_is_exported(tmp_path: Path) -> None:
    classifier = with_random_weights(
        statistics_model.build_statistics_model(
            np.zeros(N_FEATURES), np.ones(N_FEATURES), FeatureSettings(n_mfcc=2, n_chroma=0)
        ),
        1,
    )
    classifier.get_layer("probabilities").set_weights(
        [values / 10 for values in classifier.get_layer("probabilities").get_weights()]
    )
    both = statistics_model.combine(network_of(0), classifier)
    inputs = batch_of()
    [probabilities, _] = served(both, tmp_path / "model.onnx", inputs)
    expected = answers(both, inputs)
    assert np.ptp(expected, axis=0).min() > 1e-3
    assert probabilities == pytest.approx(expected, abs=1e-4)


def test_an_average_takes_half_the_room_and_moves_by_less_than_a_thousandth(
    tmp_path: Path,
) -> None:
    plain = networks.build_model(N_FEATURES, np.zeros(N_FEATURES), np.ones(N_FEATURES))
    averaged = networks.average_of([plain])
    inputs = batch_of()
    [rounded, _] = served(averaged, tmp_path / "half.onnx", inputs)
    [exact, _] = served(plain, tmp_path / "whole.onnx", inputs)
    sizes = [(tmp_path / f"{name}.onnx").stat().st_size for name in ("half", "whole")]
    assert sizes[0] < 0.6 * sizes[1]
    assert 0 < np.abs(rounded - exact).max() < 1e-3


def changed(layer: Any) -> Any:
    """A network of one layer and what must follow it."""
    features, mask = (
        keras.Input((None, N_FEATURES), name="features"),
        keras.Input((None,), name="mask"),
    )
    x = networks.AttentionPooling(2)([layer(features), mask])
    out = layers.Dense(8, activation="softmax", name="last")(layers.Dense(2, name="dense")(x))
    return keras.Model([features, mask], out)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layers.GRU(3, return_sequences=True, name="odd"), "'odd': GRU cannot"),
        (layers.Dense(3, activation="gelu", name="odd"), "'odd': Dense with this activation"),
        (layers.Conv1D(3, 3, padding="causal", name="odd"), "'odd': Conv1D with this padding"),
        (layers.Conv1D(3, 3, dilation_rate=2, padding="same", name="odd"), "Conv1D with this str"),
        (layers.BatchNormalization(scale=False, name="odd"), "BatchNormalization with this scale"),
        (
            layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum"),
            "Bidirectional with this merge_mode",
        ),
        (
            layers.Bidirectional(layers.LSTM(3, activation="relu", return_sequences=True)),
            "LSTM with this activation",
        ),
    ],
)
def test_a_layer_without_counterpart_is_refused(layer: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=words):
        export(changed(layer), tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_a_network_without_an_embedding_is_refused(tmp_path: Path) -> None:
    features, mask = (
        keras.Input((None, N_FEATURES), name="features"),
        keras.Input((None,), name="mask"),
    )
    pooled = networks.AttentionPooling(2)([features, mask])
    with pytest.raises(ValueError, match="no layer named 'dense'"):
        export(
            keras.Model([features, mask], layers.Dense(8, name="last")(pooled)),
            tmp_path / "model.onnx",
        )
