"""The pictures show what they are given, in the emotions' own colours."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib comes with 'notebooks'")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402

from emotions.estimate import EmotionEstimate, Segment  # noqa: E402
from emotions.labels import EMOTION_NAMES, EMOTIONS  # noqa: E402
from emotions.plots import plot_circumplex, plot_probabilities, plot_timeline  # noqa: E402
from ser.corpora.plots import plot_by_actor, plot_by_emotion, plot_silence  # noqa: E402
from ser.corpora.statistics import read_statistics  # noqa: E402
from ser.features.plots import plot_mfcc, plot_waveform  # noqa: E402
from ser.sound.audio import SoundBounds  # noqa: E402

MIXED = (0.05, 0.05, 0.4, 0.1, 0.2, 0.1, 0.05, 0.05)
SHORT = EmotionEstimate(MIXED, 3.2)
LONG = EmotionEstimate(
    MIXED, 9.0, tuple(Segment(i, i + 4.0, MIXED[i:] + MIXED[:i]) for i in range(6))
)
NOISE = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def words(ax: Axes) -> str:
    return " ".join(text.get_text() for text in ax.texts)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot_waveform(NOISE, 16_000, SoundBounds(1000, 9000, -40.0), ax=ax),
        lambda ax: plot_waveform(NOISE[:7], 16_000, ax=ax),
        lambda ax: plot_waveform(0 * NOISE, 16_000, ax=ax),
        lambda ax: plot_mfcc(NOISE.reshape(-1, 20), 0.032, ax=ax),
        lambda ax: plot_mfcc(np.zeros((1, 13), np.float32), 0.032, ax=ax),
        lambda ax: plot_probabilities(SHORT, ax=ax),
        lambda ax: plot_circumplex(SHORT, ax=ax),
        lambda ax: plot_circumplex(LONG, ax=ax),
        lambda ax: plot_timeline(LONG, ax=ax),
        lambda ax: plot_timeline(SHORT, ax=ax),
        lambda ax: plot_by_emotion(read_statistics(), "level_dbfs", "level (dBFS)", ax=ax),
        lambda ax: plot_by_actor(read_statistics(), "level_dbfs", "level (dBFS)", ax=ax),
        lambda ax: plot_silence(read_statistics(), ax=ax),
    ],
)
@pytest.mark.filterwarnings("error")
def test_every_picture_can_be_drawn(draw: Callable[[Axes | None], Axes], tmp_path: Path) -> None:
    given = plt.subplots()[1]
    assert draw(given) is given
    alone = draw(None)
    assert alone.figure is not given.figure
    alone.figure.savefig(tmp_path / "picture.png", dpi=50)
    # Nothing is drawn without saying what its axes are, but for the sentence.
    assert alone.get_xlabel() or alone.get_ylabel() or not alone.axison


def test_bars_have_the_emotions_lengths_and_colours() -> None:
    ax = plot_probabilities(SHORT)
    bars = ax.patches
    assert [bar.get_width() for bar in bars] == pytest.approx([100 * p for p in MIXED])
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [e.colour for e in EMOTIONS]
    bold = [text.get_text() for text in ax.get_yticklabels() if text.get_weight() == "bold"]
    assert bold == ["happy"]
    assert "40 %" in words(ax)


def test_the_cross_stands_at_the_expected_point() -> None:
    ax = plot_circumplex(SHORT)
    cross = ax.lines[-1]
    assert cross.get_xdata() == pytest.approx([SHORT.valence])
    assert cross.get_ydata() == pytest.approx([SHORT.arousal])
    assert all(name in words(ax) for name in EMOTION_NAMES)
    path = plot_circumplex(LONG).lines[2]
    assert len(path.get_xdata()) == len(LONG.segments)


def test_no_names_overlap_in_the_circumplex() -> None:
    for estimate in (SHORT, LONG, *map(EmotionEstimate.of, EMOTION_NAMES)):
        ax = plot_circumplex(estimate)
        ax.figure.canvas.draw()
        boxes = [text.get_window_extent() for text in ax.texts]
        for number, box in enumerate(boxes):
            assert not box.count_overlaps(boxes[:number])


def test_a_short_recording_has_a_sentence_for_a_timeline() -> None:
    assert "3.2 s are judged as one" in words(plot_timeline(SHORT))
    ax = plot_timeline(LONG)
    assert ax.get_xlim() == pytest.approx((2.0, 7.0))
    assert "happy" in words(ax)
