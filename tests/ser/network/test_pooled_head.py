"""The graph of the larger ear is the layer that was fitted, and is less sure of less."""

import numpy as np
import onnxruntime
import pytest

from ser.network.pooled_head import ENOUGH_FRAMES, PooledHead, Trust, graph_of, mean_layer, pooled

N_FEATURES = 6


@pytest.fixture(scope="module")
def head():
    rng = np.random.default_rng(0)
    return PooledHead(
        rng.standard_normal((2 * N_FEATURES, 8)).astype(np.float32),
        rng.standard_normal(8).astype(np.float32),
        rng.standard_normal(2 * N_FEATURES).astype(np.float32),
        rng.uniform(0.5, 2.0, 2 * N_FEATURES).astype(np.float32),
        Trust(1.3, 0.4, 0.5),
    )


def some_frames(*lengths):
    rng = np.random.default_rng(1)
    return [rng.standard_normal((length, N_FEATURES)).astype(np.float32) for length in lengths]


def test_the_graph_says_what_the_layer_says_whatever_the_padding(head):
    matrices = some_frames(3, 40, 120)
    batch, mask = np.full((3, 130, N_FEATURES), 7.0, np.float32), np.zeros((3, 130), np.float32)
    for row, matrix in enumerate(matrices):
        batch[row, : len(matrix)], mask[row, : len(matrix)] = matrix, 1.0
    session = onnxruntime.InferenceSession(graph_of(head).SerializeToString())
    probabilities, embedding, distance = session.run(None, {"features": batch, "mask": mask})
    rows = np.stack([pooled(matrix) for matrix in matrices])
    lengths = np.array([len(matrix) for matrix in matrices])
    assert np.allclose(probabilities, head.probabilities(rows, lengths), atol=1e-5)
    assert np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)
    assert np.allclose(embedding, (rows - head.centre) / head.spread, atol=1e-4)
    assert np.allclose(distance, head.distance(rows), rtol=1e-4)


def test_short_and_strange_speech_is_answered_less_surely_and_no_label_changes():
    trust = Trust(1.0, 0.5, 0.5)
    usual = trust.temperature([1.0], [ENOUGH_FRAMES])
    assert usual == pytest.approx(1.0)
    assert trust.temperature([4.0], [ENOUGH_FRAMES]) == pytest.approx(2.0)
    assert trust.temperature([1.0], [ENOUGH_FRAMES / 4]) == pytest.approx(2.0)
    # Nearer than near, or longer than long, makes nothing surer.
    assert trust.temperature([0.1], [10 * ENOUGH_FRAMES]) == pytest.approx(1.0)


def test_several_layers_are_one_that_answers_as_their_geometric_mean(head):
    rng = np.random.default_rng(2)
    layers = [(rng.standard_normal((12, 8)), rng.standard_normal(8)) for _ in range(3)]
    rows = rng.standard_normal((5, 12))
    product = np.ones((5, 8))
    for kernel, bias in layers:
        powers = np.exp(rows @ kernel + bias)
        product *= powers / powers.sum(axis=1, keepdims=True)
    product **= 1 / 3
    kernel, bias = mean_layer(layers)
    one = PooledHead(kernel, bias, head.centre, head.spread)
    expected = product / product.sum(axis=1, keepdims=True)
    assert np.allclose(one.probabilities(rows, np.full(5, 100)), expected, atol=1e-5)
