"""What labelled clips of a voice teach, and what they must not."""

import numpy as np
import pytest

from ser.voices.adaptation import Adaptation, Correction, directions, fit_correction

RNG = np.random.default_rng(5)
UNITS = 24
PROTOTYPES = RNG.normal(size=(8, UNITS))


def voice(labels, noise=0.5):
    """Hidden layers that tell emotions apart, of a network whose last layer does not."""
    embeddings = PROTOTYPES[labels] + noise * RNG.normal(size=(len(labels), UNITS))
    return embeddings, np.full((len(labels), 8), 1 / 8)


def as_they_are(features):
    return features


def test_labelled_clips_teach_what_the_last_layer_does_not_know():
    labels = np.repeat(np.arange(8), 3)
    embeddings, flat = voice(labels)
    adaptation = Adaptation(as_they_are, fit_correction(labels, flat, embeddings))
    others = np.repeat(np.arange(8), 10)
    unseen, flat = voice(others)
    answers = adaptation.combine(flat, flat, unseen)
    assert answers.shape == (80, 8)
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    assert np.mean(answers.argmax(axis=1) == others) > 0.9
    # A larger hidden layer of the same direction is the same: it says nothing of the emotion.
    np.testing.assert_allclose(adaptation.combine(flat, flat, 7 * unseen), answers)


def test_one_emotion_alone_teaches_nothing_and_two_only_how_they_differ():
    embeddings, flat = voice(np.full(3, 2))
    assert not fit_correction([2, 2, 2], flat, embeddings).weights.any()
    labels = np.array([2, 2, 4, 4])
    embeddings, flat = voice(labels)
    correction = fit_correction(labels, flat, embeddings)
    assert np.abs(correction.weights[:, [2, 4]]).max() > 0.1
    assert not correction.weights[:, [0, 1, 3, 5, 6, 7]].any()
    np.testing.assert_allclose(correction.weights.sum(axis=1), 0, atol=1e-9)


def test_the_weights_are_the_best_under_their_prior():
    labels = np.array([0, 0, 0, 1, 5])
    embeddings, _ = voice(labels, noise=1.5)
    prior = RNG.dirichlet(np.ones(8), size=5)
    fitted = fit_correction(labels, prior, embeddings)
    share = np.array([5 / 9, 5 / 9, 5 / 9, 5 / 3, 5 / 3])  # every emotion counts the same

    def loss(weights):
        logits = np.log(prior) + (directions(embeddings) - fitted.centre) @ weights
        logits = logits[:, [0, 1, 5]]  # the others are not compared with
        meant = logits[np.arange(5), [0, 0, 0, 1, 2]]
        likelihood = meant - np.log(np.exp(logits).sum(axis=1))
        return 0.1 / 2 * np.sum(weights**2) - share @ likelihood

    best = loss(fitted.weights)
    assert best < loss(np.zeros_like(fitted.weights)) - 0.01
    taught = np.zeros(8)
    taught[[0, 1, 5]] = 1
    for _ in range(20):
        step = 0.02 * RNG.normal(size=fitted.weights.shape) * taught
        assert loss(fitted.weights + step) > best
    np.testing.assert_allclose(
        np.average(directions(embeddings), axis=0, weights=share), fitted.centre
    )


def test_without_labels_both_views_have_half_the_say():
    as_it_is = np.array([[0.64, 0.04, *[0.32 / 6] * 6]])
    normalised = np.array([[0.04, 0.64, *[0.32 / 6] * 6]])
    [answer] = Adaptation(as_they_are).combine(as_it_is, normalised, np.zeros((1, 0)))
    assert answer[0] == pytest.approx(answer[1]) and answer.sum() == pytest.approx(1)
    certain = np.eye(8)[[3]]  # zeros have no logarithm
    assert Adaptation(as_they_are).combine(certain, certain, np.zeros((1, 0)))[0, 3] > 0.999


def test_a_hidden_layer_of_zeros_has_no_direction_and_harms_nothing():
    correction = Correction(np.zeros(4), np.ones((4, 8)))
    assert not correction(np.zeros((2, 4))).any()
