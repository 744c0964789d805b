"""The rows of the ablation table: a base recipe, one change each, and baselines. Data, no code.

The base is the shipped recipe with one network, without the classifier of utterance statistics,
and heard in quiet: copies at other speeds, none with noise, bands or rooms. These make recordings
from elsewhere recognisable (`emotify evaluate --robustness`) and need twice the epochs: with
them 24 epochs gave 51.0 UAR, less than a plain CNN's 53.4, and no ablation of that would mean
anything. `EPOCHS` is where the base is near what it reaches; all rows in five folds and three seeds
take some ten hours of CPU. Rows named as combinations put the parts together again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from foundation.errors import InputError
from ser.ablations.features import ViewSettings
from ser.features.augment import HARMED

EPOCHS = 40
BASE = "base"

# Stored with as many MFCCs as mel bands, of which the log-mel spectrogram can be made again.
WIDE: Mapping[str, Any] = {"n_mfcc": 64}
# What ResLSTM-SA reads (4096 and 2048 samples at 48 kHz, librosa's 128 mel bands).
RESLSTM_FEATURES: Mapping[str, Any] = {
    "hop_seconds": 2048 / 48_000,
    "frame_seconds": 4096 / 48_000,
    "n_mels": 128,
    "pitch": False,
    "dynamic_range_db": 80.0,
    "delta_width": 0,
    "level_free": False,
}
CLEAN = ViewSettings(copies=())
SPEED = ViewSettings(copies=("speed",))
# Learners whose network has a second head.
LEARNS_MORE = ("valence-arousal", "statement-adversarial")
NO_BLENDING = {"n_time_masks": 0, "n_feature_masks": 0, "mixup_alpha": 0.0}
PLAIN: Mapping[str, Any] = {
    "view": CLEAN,
    "training": {"label_smoothing": 0.0},
    "augment": NO_BLENDING,
}


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    name
        For the command line, the CSV and the folder of its jobs.
    title
        For readers.
    kind
        Kind of lever; rows of one kind stand together.
    features
        Changes of `ser.settings.FeatureSettings`: what is stored.
    view
        What is seen of it.
    training, model, augment
        Changes of `ser.training.train.TrainSettings`, `ser.network.model.ModelSettings`, and of the
        blending and masking in `ser.features.augment.AugmentSettings`.
    corpus
        Further training data: ``"song"`` or ``"crema-d"``; empty for none.
    corpus_normalised
        Whether its features get the mean and scale of the RAVDESS speech they join.
    votes
        Whether its targets are half what was meant and half what listeners heard.
    balanced, residual, attention
        Class weights; the LSTM's residual; attention against mean and standard deviation.
    traits
        Whether the network also learns sex, intensity and statement.
    shuffled
        Whether labels are shuffled.
    learner
        What is trained: ``"network"``, ``"statistics"``, one of `ser.ablations.baselines`, or a
        network that learns or judges in another way (`LEARNS_MORE`, ``"distilled"``,
        ``"test-time-speeds"``).
    members, statistics, views
        A combination of other rows' predictions: so many networks of the base, whether the
        statistics classifier joins them, and rows whose network of the same seed does.
    """

    name: str
    title: str
    kind: str
    features: Mapping[str, Any] = field(default_factory=lambda: WIDE)
    view: ViewSettings = SPEED
    training: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    augment: Mapping[str, Any] = field(default_factory=dict)
    corpus: str = ""
    corpus_normalised: bool = False
    votes: bool = False
    balanced: bool = True
    residual: bool = True
    attention: bool = True
    traits: bool = False
    shuffled: bool = False
    learner: str = "network"
    members: int = 1
    statistics: bool = False
    views: tuple[str, ...] = ()

    @property
    def combined(self) -> bool:
        """Whether it is made of predictions of other rows."""
        return self.members > 1 or self.statistics or bool(self.views)


def _feature(name: str, title: str, **view: Any) -> Row:
    return Row(name, title, "features", view=replace(SPEED, **view))


def _copies(name: str, title: str, *kept: str) -> Row:
    return Row(name, title, "augmentation", view=ViewSettings(copies=kept))


ROWS: tuple[Row, ...] = (
    Row(BASE, "base: one network, 34 MFCC + chroma + pitch + deltas, hop 32 ms", "base"),
    Row(
        "hop-10ms",
        "hop 10 ms, frame 25 ms",
        "features",
        features={"hop_seconds": 0.01, "frame_seconds": 0.025},
    ),
    Row(
        "hop-43ms",
        "hop 43 ms, frame 86 ms",
        "features",
        features={"hop_seconds": 0.043, "frame_seconds": 0.086},
    ),
    _feature("mfcc-13", "13 MFCC", n_mfcc=13),
    _feature("mfcc-20", "20 MFCC", n_mfcc=20),
    _feature("mfcc-40", "40 MFCC", n_mfcc=40),
    _feature("no-deltas", "without deltas", deltas=False),
    _feature("no-chroma", "without chroma", chroma=False),
    _feature("no-pitch", "without pitch", pitch=False),
    _feature("energy", "with an energy contour", energy=True),
    _feature("contrast", "with spectral contrast and flux", contrast=True),
    _feature("log-mel", "64 log-mel bands instead of MFCC", n_mfcc=0, log_mel=True),
    _feature("utterance-mean", "mean of each utterance taken out", centred=True),
    Row("level", "level of the recording kept", "features", features={"level_free": False}),
    Row(
        "range-80db",
        "dynamic range 80 dB",
        "features",
        features={"dynamic_range_db": 80.0},
    ),
    _copies("no-speed", "without copies at other speeds"),
    _copies("noise", "with noisy copies", "speed", "noise"),
    _copies("band-room", "with band and room copies", "speed", "band", "room"),
    _copies("harmed", "with noise, band and room copies, as shipped", "speed", *HARMED),
    Row(
        "no-specaugment",
        "without SpecAugment",
        "augmentation",
        augment={"n_time_masks": 0, "n_feature_masks": 0},
    ),
    Row("no-mixup", "without mixup", "augmentation", augment={"mixup_alpha": 0.0}),
    Row(
        "vtlp", "with copies of other vocal tracts", "augmentation", view=replace(SPEED, vtlp=True)
    ),
    Row("no-smoothing", "without label smoothing", "training", training={"label_smoothing": 0.0}),
    Row("no-balance", "without class weights", "training", balanced=False),
    Row("no-ema", "last weights, not their average", "training", training={"ema_momentum": 0.0}),
    Row("traits", "also learns sex, intensity, statement", "training", traits=True),
    Row(
        "valence-arousal",
        "also learns valence and arousal",
        "training",
        learner="valence-arousal",
    ),
    Row(
        "statement-adversarial",
        "must not tell the statement (gradient reversal)",
        "training",
        learner="statement-adversarial",
    ),
    Row(
        "distilled",
        "half of each target from the classifier of statistics",
        "training",
        learner="distilled",
    ),
    Row(
        "test-time-speeds",
        "judged as the mean over a clip's copies at other speeds",
        "training",
        learner="test-time-speeds",
    ),
    Row("no-residual", "LSTM without the residual", "network", residual=False),
    Row("mean-std", "mean and deviation instead of attention", "network", attention=False),
    Row("no-pooling", "without pooling over time", "network", model={"time_pooling": 1}),
    Row(
        "larger",
        "larger: 96 filters, 2 x 48 units",
        "network",
        model={"conv_filters": 96, "lstm_units": 48},
    ),
    Row("song", "with RAVDESS song", "data", features={}, corpus="song"),
    Row("crema-d", "with CREMA-D", "data", features={}, corpus="crema-d"),
    Row(
        "crema-d-normalised",
        "with CREMA-D, normalised as a corpus",
        "data",
        features={},
        corpus="crema-d",
        corpus_normalised=True,
    ),
    Row(
        "crema-d-votes",
        "with CREMA-D, normalised, listeners' votes",
        "data",
        features={},
        corpus="crema-d",
        corpus_normalised=True,
        votes=True,
    ),
    Row("statistics", "classifier of utterance statistics alone", "parts", learner="statistics"),
    Row("network-statistics", "one network + statistics", "parts", statistics=True),
    Row("two-networks", "two networks", "parts", members=2),
    Row("three-networks", "three networks", "parts", members=3),
    Row("two-views", "two networks, one of them on log-mel", "parts", views=("log-mel",)),
    Row(
        "shipped",
        "three networks + statistics: the shipped recipe, in quiet",
        "parts",
        members=3,
        statistics=True,
    ),
    Row(
        "svm-linear",
        "MFCC mean and deviation, linear SVM",
        "baselines",
        view=CLEAN,
        learner="svm-linear",
    ),
    Row("svm-rbf", "MFCC mean and deviation, RBF SVM", "baselines", view=CLEAN, learner="svm-rbf"),
    Row("cnn", "plain CNN", "baselines", **PLAIN, learner="cnn"),
    Row("lstm", "plain LSTM", "baselines", **PLAIN, learner="lstm"),
    Row(
        "reslstm-sa",
        "ResLSTM-SA, re-implemented",
        "baselines",
        features=RESLSTM_FEATURES,
        view=ViewSettings(pitch=False, deltas=False, copies=()),
        learner="reslstm-sa",
    ),
    Row("shuffled", "base, labels shuffled (must be chance)", "baselines", shuffled=True),
)


def rows_named(names: Sequence[str]) -> tuple[Row, ...]:
    """Return rows by name in the order of the table, all of them if none is named.

    Raises
    ------
    InputError
        If a row does not exist.
    """
    unknown = sorted(set(names) - {row.name for row in ROWS})
    if unknown:
        raise InputError(
            f"there is no ablation {', '.join(unknown)}; choose among: "
            f"{', '.join(row.name for row in ROWS)}"
        )
    return tuple(row for row in ROWS if not names or row.name in names)
