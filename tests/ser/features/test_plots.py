"""The pictures of corpora and features can be drawn, and say what their axes are."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib comes with 'notebooks'")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from ser.corpora.plots import plot_by_actor, plot_by_emotion, plot_silence  # noqa: E402
from ser.corpora.statistics import read_statistics  # noqa: E402
from ser.features.plots import plot_mfcc, plot_waveform  # noqa: E402
from ser.sound.audio import SoundBounds  # noqa: E402

NOISE = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot_waveform(NOISE, 16_000, SoundBounds(1000, 9000, -40.0), ax=ax),
        lambda ax: plot_waveform(NOISE[:7], 16_000, ax=ax),
        lambda ax: plot_waveform(0 * NOISE, 16_000, ax=ax),
        lambda ax: plot_mfcc(NOISE.reshape(-1, 20), 0.032, ax=ax),
        lambda ax: plot_mfcc(np.zeros((1, 13), np.float32), 0.032, ax=ax),
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
    assert alone.get_xlabel() or alone.get_ylabel()
