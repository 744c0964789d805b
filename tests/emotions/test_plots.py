"""The pictures of an estimate show what they are given, in the emotions' own colours."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib comes with 'notebooks'")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402

from emotions.estimate import EmotionEstimate, Segment  # noqa: E402
from emotions.labels import EMOTION_NAMES, EMOTIONS  # noqa: E402
from emotions.places import Characters, Seconds  # noqa: E402
from emotions.plots import plot_circumplex, plot_probabilities, plot_timeline  # noqa: E402

MIXED = (0.05, 0.05, 0.4, 0.1, 0.2, 0.1, 0.05, 0.05)
TURNED = [MIXED[i:] + MIXED[:i] for i in range(6)]
SHORT = EmotionEstimate(MIXED, 3.2)
LONG = EmotionEstimate(
    MIXED, 9.0, tuple(Segment(Seconds(i, i + 4), row) for i, row in enumerate(TURNED))
)
DIARY = EmotionEstimate(
    MIXED,
    segments=tuple(Segment(Characters(60 * i, 60 * i + 57), row) for i, row in enumerate(TURNED)),
)


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def words(ax: Axes) -> str:
    return " ".join(text.get_text() for text in ax.texts)


def without_all_but_one_segment(estimate: EmotionEstimate) -> EmotionEstimate:
    return EmotionEstimate(MIXED, estimate.duration_seconds, estimate.segments[:1])


@pytest.mark.parametrize("draw", [plot_probabilities, plot_circumplex, plot_timeline])
@pytest.mark.parametrize(
    "estimate",
    [SHORT, LONG, DIARY, *map(without_all_but_one_segment, (LONG, DIARY))],
    ids=["short", "long", "diary", "one window", "one sentence"],
)
@pytest.mark.filterwarnings("error")
def test_every_estimate_can_be_drawn(
    draw: Callable[..., Axes], estimate: EmotionEstimate, tmp_path: Path
) -> None:
    given = plt.subplots()[1]
    assert draw(estimate, ax=given) is given
    alone = draw(estimate)
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


def test_a_timeline_runs_along_time_or_along_text() -> None:
    of_time, of_text = plot_timeline(LONG), plot_timeline(DIARY)
    assert of_time.get_xlim() == pytest.approx((2, 7))
    assert "time (s" in of_time.get_xlabel()
    assert of_text.get_xlim() == pytest.approx((28.5, 328.5))
    assert "characters" in of_text.get_xlabel()
    assert words(of_time) == words(of_text)  # the bands are the same
    assert plot_timeline(without_all_but_one_segment(DIARY)).get_xlim() == pytest.approx((0, 57))


def test_a_short_recording_has_a_sentence_for_a_timeline() -> None:
    assert "3.2 s are judged as one" in words(plot_timeline(SHORT))
    ax = plot_timeline(LONG)
    assert ax.get_xlim() == pytest.approx((2.0, 7.0))
    assert "happy" in words(ax)
    assert "as one" in words(plot_timeline(EmotionEstimate.of("sad")))
