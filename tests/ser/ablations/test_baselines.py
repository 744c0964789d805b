"""Baselines are what they are said to be; ResLSTM-SA has the parameters of its paper."""

import os

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip(
    "keras", reason="training needs the extra: pip install 'emotify[train]'"
)

from ser.ablations import baselines  # noqa: E402
from ser.ablations.rows import RESLSTM_FEATURES  # noqa: E402
from ser.features.mfcc import pad  # noqa: E402
from ser.settings import FeatureSettings  # noqa: E402
from ser.training.train import predict_features  # noqa: E402

RNG = np.random.default_rng(0)


def clips(n, n_features=46, n_frames=12):
    """Matrices whose class is the column that is high."""
    labels = np.arange(n) % 8
    matrices = [RNG.standard_normal((n_frames, n_features)).astype(np.float32) for _ in labels]
    for matrix, label in zip(matrices, labels, strict=True):
        matrix[:, label] += 3.0
    return matrices, labels


def test_reslstm_sa_has_the_size_and_the_input_that_its_paper_gives():
    network = baselines.build_reslstm_sa(46, np.zeros(46), np.ones(46))
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    # PyTorch's LSTMs have a second bias of four gates each.
    assert trainable + 4 * (46 + 64) == 46_772
    features = FeatureSettings(**RESLSTM_FEATURES)
    assert features.n_features == features.n_mfcc + features.n_chroma == 46
    for name in ("lstm_1", "lstm_2"):
        bias = network.get_layer(name).get_weights()[2].reshape(4, -1)
        assert (bias[1] == 2).all() and not bias[[0, 2, 3]].any()


@pytest.mark.parametrize(
    "build",
    [baselines.build_plain_cnn, baselines.build_plain_lstm, baselines.build_reslstm_sa],
)
def test_padding_changes_no_answer(build):
    mean, scale = RNG.standard_normal(46), RNG.uniform(0.5, 2, 46)
    network = build(46, mean, scale)
    matrices, _ = clips(4)
    alone, mask = pad(matrices)
    padded, longer = pad(matrices, 20)
    first = network.predict_on_batch({"features": alone, "mask": mask})
    second = network.predict_on_batch({"features": padded, "mask": longer})
    assert first.shape == (4, 8) and np.allclose(first, second, atol=1e-5)


def test_reslstm_sa_stops_at_the_epoch_that_its_validation_actors_like_best(monkeypatch):
    network = baselines.build_reslstm_sa(46, np.zeros(46), np.ones(46))
    matrices, labels = clips(16)
    validation, meant = clips(8)
    targets = np.eye(8, dtype=np.float32)[labels]
    judged, predict = [], baselines.predict_features

    def watched(model, features):
        heard = predict(model, features)
        # The second epoch is right, the others are not.
        judged.append(heard)
        right = np.eye(8)[meant]
        return right if len(judged) == 2 else np.roll(right, 1, axis=1)

    monkeypatch.setattr(baselines, "predict_features", watched)
    baselines.fit_reslstm_sa(network, matrices, targets, validation, meant, 12, epochs=3)
    assert len(judged) == 3
    now = predict_features(network, validation)
    assert np.allclose(now, judged[1], atol=1e-6) and not np.allclose(now, judged[2], atol=1e-6)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_a_support_vector_machine_reads_means_and_deviations(kernel):
    matrices, labels = clips(64)
    assert baselines.utterance_means(matrices).shape == (64, 68)
    machine = baselines.fit_svm(kernel, matrices, labels)
    assert machine.named_steps["svc"].kernel == kernel
    probabilities = baselines.svm_probabilities(machine, clips(16)[0])
    assert set(np.unique(probabilities)) == {0, 1} and (probabilities.sum(axis=1) == 1).all()
    assert (probabilities.argmax(axis=1) == np.arange(16) % 8).mean() > 0.8
