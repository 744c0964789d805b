"""The larger ear learns from several corpora, and how sure it may be from those it has not met."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from emotions.labels import EMOTION_NAMES, Emotion, emotion_named
from ser.corpora.ravdess import CORPUS
from ser.network.pooled_head import PooledHead, Trust
from ser.training.ear import EarSettings, clip_weights, fit_head, frame_statistics
from ser.training.pooled import PooledClips, pool_clips, tilt
from ser.training.trust import Answers, fit_trust

N_FEATURES = 10
SAMPLE = Path("data/samples/reading_short.wav")


@dataclass(frozen=True)
class Clip:
    """A clip of no corpus."""

    clip_id: str
    emotion: Emotion
    corpus: str
    speaker: str = "corpus/ann"
    path: Path = SAMPLE


def heard(corpus, emotions, n_each, offset=0.0, seed=0):
    """Clips whose third of the columns says which emotion they are, and what was heard of them."""
    rng = np.random.default_rng(seed)
    clips, rows = [], []
    for name in emotions:
        for number in range(n_each):
            row = rng.normal(offset, 1.0, 2 * N_FEATURES)
            row[N_FEATURES:] = np.abs(row[N_FEATURES:]) + 0.1
            row[EMOTION_NAMES.index(name)] += 4.0
            clips.append(Clip(f"{corpus}/{name}{number}", emotion_named(name), corpus))
            rows.append(row)
    pool = PooledClips(
        tuple(clip.clip_id for clip in clips),
        np.array(rows, np.float32)[:, None],
        np.zeros((len(clips), 0), str),
        np.full((len(clips), 1), 2.0),
    )
    return clips, pool


def test_it_learns_from_corpora_that_lack_emotions():
    at_home, elsewhere = heard(CORPUS, EMOTION_NAMES, 20), heard("x", ("sad", "angry"), 30, 0.5)
    head = fit_head([at_home, elsewhere], EarSettings(strength=1.0))
    for clips, pool in (heard(CORPUS, EMOTION_NAMES, 10, seed=1), elsewhere):
        said = head.probabilities(pool.rows[:, 0], np.full(len(clips), 100)).argmax(axis=1)
        right = [
            EMOTION_NAMES[index] == clip.emotion.name
            for index, clip in zip(said, clips, strict=True)
        ]
        assert np.mean(right) > 0.7
    assert head.distance(at_home[1].rows[:, 0]).mean() == pytest.approx(1.0, abs=0.2)


def test_emotions_count_alike_within_a_corpus_and_home_counts_more():
    many, _ = heard("x", ("sad",), 90)
    few, _ = heard("x", ("angry",), 10)
    home, _ = heard(CORPUS, ("calm", "sad"), 5)
    clips = [*many, *few, *home]
    weights = clip_weights(clips, EarSettings(home_share=3.0))
    assert weights.mean() == pytest.approx(1.0)
    assert weights[:90].sum() == pytest.approx(weights[90:100].sum())
    assert weights[100:].sum() == pytest.approx(3 * weights[:100].sum())


def test_frame_statistics_are_those_of_all_frames():
    rng = np.random.default_rng(0)
    frames = [rng.normal(size=(50, 4)), rng.normal(1.0, 2.0, size=(150, 4))]
    rows = np.array([np.concatenate([f.mean(axis=0), f.std(axis=0)]) for f in frames], np.float32)
    clips = [Clip("a", emotion_named("sad"), "x"), Clip("b", emotion_named("sad"), "x")]
    seconds = np.array([[1.0], [3.0]])
    pool = PooledClips(("a", "b"), rows[:, None], np.zeros((2, 0), str), seconds)
    mean, scale = frame_statistics([(clips, pool)])
    together = np.concatenate(frames)
    assert np.allclose(mean, together.mean(axis=0), atol=1e-5)
    assert np.allclose(scale, together.std(axis=0), atol=1e-5)


def test_who_is_wrong_about_strangers_and_short_speech_is_less_sure_of_them():
    rng = np.random.default_rng(0)
    n = 2000
    labels = rng.integers(8, size=n)
    sure = np.eye(8)[labels] * 6.0
    lost = np.eye(8)[rng.integers(8, size=n)] * 6.0
    logits = np.where(rng.random((n, 1)) < 0.3, sure, lost)
    near = Answers(sure, labels, np.ones(n), np.full(n, 200.0))
    far = Answers(logits, labels, np.full(n, 5.0), np.full(n, 200.0))
    short = Answers(logits, labels, np.ones(n), np.full(n, 20.0))
    trust = fit_trust([near, far, short])
    assert trust.base < 1.5 and trust.far > 0.3 and trust.short > 0.3
    assert fit_trust([near]).far < 0.2  # nothing asks for it there


def test_clips_are_heard_once_and_copies_are_those_of_the_clip(tmp_path, monkeypatch):
    clips = [Clip(name, emotion_named("sad"), "x") for name in ("a", "b")]
    first = pool_clips(clips, tmp_path / "heard.npz", n_copies=2)
    assert first.rows.shape == (2, 3, 2048) and first.kinds.shape == (2, 2)
    assert np.array_equal(first.rows[0, 0], first.rows[1, 0])  # the same file
    assert not np.array_equal(first.rows[0, 1], first.rows[1, 1])  # other copies of it
    monkeypatch.setattr("ser.training.pooled._heard", None)
    again = pool_clips(clips[1:], tmp_path / "heard.npz", n_copies=2)
    assert np.array_equal(again.rows[0], first.rows[1])


def test_another_microphone_changes_the_spectrum_and_not_the_length():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(16_000).astype(np.float32)
    changed = tilt(noise, 16_000, rng)
    assert changed.shape == noise.shape and changed.dtype == np.float32
    ratio_db = 20 * np.log10(np.abs(np.fft.rfft(changed)) / np.abs(np.fft.rfft(noise)))
    assert 1.0 < ratio_db[1:].std() < 10.0


def test_trust_changes_no_label():
    rng = np.random.default_rng(0)
    values = (rng.standard_normal((8, 8)), np.zeros(8), np.zeros(8), np.ones(8))
    head = PooledHead(*(value.astype(np.float32) for value in values))
    careful = replace(head, trust=Trust(2.0, 1.0, 1.0))
    rows, lengths = rng.standard_normal((50, 8)), np.arange(1, 51)
    one, other = head.probabilities(rows, lengths), careful.probabilities(rows, lengths)
    assert np.array_equal(one.argmax(axis=1), other.argmax(axis=1))
    assert (other.max(axis=1) <= one.max(axis=1)).all()
