"""Recognise the emotion in a recording with a trained model; no TensorFlow, no librosa.

>>> from ser.recognizer import load_recognizer
>>> estimate = load_recognizer().predict("data/samples/reading_short.wav")
>>> estimate.label
'sad'
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotions.calibration import Calibration
from emotions.estimate import EmotionEstimate, Segment
from emotions.labels import EMOTIONS
from emotions.places import Seconds
from foundation.errors import InputError
from foundation.parallel import in_order
from foundation.progress import progress_bar
from ser.network.artefact import Artefact, load
from ser.network.hearing import Hearing
from ser.settings import Matrix, Samples
from ser.sound.audio import BLOCK_SECONDS, Recording, check_duration, notes_on
from ser.sound.converter import Converter
from ser.sound.denoiser import denoise
from ser.sound.voice_activity import LEAST_SPEECH_SECONDS, shrill_speech_seconds
from ser.sound.windows import Window, WindowCutter, cut

if TYPE_CHECKING:
    from ser.voices.adaptation import Adaptation
    from ser.voices.enrolment import Profile

WINDOWS_PER_BATCH = 16
PROGRESS_SECONDS = 60.0  # shorter recordings are done before a bar could be read
LEAST_SPEECH_SHARE = 0.05  # of the sound; noise is taken for speech now and then
# Less is no speech at all: so much of a recording, of a short one so much of its sound, and of a
# long one what noise is taken for now and then (`models/voice_activity/README.md`).
SOME_SPEECH_SECONDS, SOME_SPEECH_SHARE, CHANCE_SHARE = 0.3, 0.25, 0.01
ABSENCE = "no speech heard"
UNLIKE = (
    "it sounds unlike the recordings that the model learned from (the microphone, the room, or the "
    "language), so it may well be wrong"
)
# Below it far fewer answers are right, and the probabilities of the small network do not show it
# (rows "1.0 s" and "0.6 s" of `models/ser/robustness.csv`).
ENOUGH_SPEECH_SECONDS = 1.0
SAME_SECONDS = 0.5  # windows of one stretch that begin less apart show the same in a timeline
NOISY_BELOW_DB = 25.0  # speech to noise; a quiet room has more, a street or a fan less


def load_recognizer(
    folder: str | os.PathLike[str] | None = None, *, speaker: str | None = None
) -> "Recognizer":
    """Load a recogniser.

    Parameters
    ----------
    folder
        A model folder; the shipped ``models/ser`` by default.
    speaker
        Name of an enrolled speaker (`ser.voices.enrolment`) whose voice it is.

    Raises
    ------
    InputError
        If the folder is missing, broken or foreign, or the speaker is not enrolled.
    """
    recognizer = Recognizer(load(None if folder is None else Path(folder)))
    if speaker is None:
        return recognizer
    from ser.voices.enrolment import load_profile

    return recognizer.for_speaker(load_profile(speaker))


class Recognizer(Hearing):
    """A trained model that answers for recordings of any length, format and rate.

    Parameters
    ----------
    artefact
        The model.
    adaptation
        To one voice; `for_speaker` takes it from a profile.
    noisy_below_db
        Ratio of speech to noise under which a window is heard without its noise, too.
    """

    def __init__(
        self,
        artefact: Artefact,
        adaptation: "Adaptation | None" = None,
        *,
        noisy_below_db: float = NOISY_BELOW_DB,
    ) -> None:
        super().__init__(artefact)
        self.noisy_below_db = noisy_below_db
        self.adaptation = adaptation

    def for_speaker(self, profile: "Profile") -> "Recognizer":
        """Return a recogniser with the same network that knows a voice (`ser.voices.enrolment`).

        Raises
        ------
        InputError
            If the profile was enrolled with another model.
        """
        adaptation = profile.adaptation(self)
        return Recognizer(self.artefact, adaptation, noisy_below_db=self.noisy_below_db)

    def predict(
        self,
        source: str | os.PathLike[str] | ArrayLike | Recording,
        *,
        sample_rate_hz: float | None = None,
        progress: bool = False,
        transform: Callable[[Matrix], Matrix] | None = None,
        keep: Callable[[Window, Matrix, Matrix | None], None] | None = None,
    ) -> EmotionEstimate:
        """Estimate the emotion in a recording.

        Parameters
        ----------
        source
            Path of a recording, an array of shape (n_samples,) or (n_samples, n_channels) with
            floats in -1..1 or integers, or a `Recording`.
        sample_rate_hz
            Rate of the array; not for a file.
        progress
            Whether to show a progress bar on standard error for more than a minute of sound.
        transform
            Applied to the features of every window before the network sees them, as
            `ser.voices.normalisation` makes it for a voice or a corpus.
        keep
            Called with every window, its features before the transform, and those that
            `features_without_noise` gives of it, so that nobody needs to read the recording again.

        Returns
        -------
        EmotionEstimate
            As `RecognizerStream.finish` says.

        Raises
        ------
        InputError
            If the recording cannot be read, is silent, or too short.
        """
        if not isinstance(source, Recording):
            recording = Recording(source, sample_rate_hz)
        elif sample_rate_hz is None:
            recording = source
        else:
            raise InputError("a Recording knows its own rate: leave sample_rate_hz out")
        blocks: Iterable[Samples] = recording.blocks(self.settings.sample_rate_hz)
        if progress and recording.duration_seconds > PROGRESS_SECONDS:
            n_blocks = math.ceil(recording.duration_seconds / BLOCK_SECONDS)
            blocks = progress_bar(
                blocks, recording.name, n_blocks, leave=False, unit="block", delay=2
            )
        cutter = WindowCutter(self.settings, recording.name)
        windows = chain(chain.from_iterable(map(cutter.feed, blocks)), _last_of(cutter))
        summary = Summary(self.calibration, self.unlike_above)
        for window, row, distance in self._judged(windows, transform, keep):
            summary.add(window, row, distance)
        notes = (*recording.notes, *self.limits)
        return summary.estimate(cutter, recording.duration_seconds, notes)

    def stream(self, sample_rate_hz: float, name: str = "the stream") -> "RecognizerStream":
        """Return a listener that takes a recording block by block, as a microphone gives it.

        >>> import soundfile
        >>> microphone = soundfile.SoundFile("data/samples/reading_long.wav")
        >>> stream = load_recognizer().stream(microphone.samplerate)
        >>> for block in microphone.blocks(1024):
        ...     for segment in stream.feed(block):
        ...         print(f"from {segment.place.start:.1f} s on {segment.label}")
        from 0.2 s on calm
        >>> stream.finish().label
        'calm'

        Parameters
        ----------
        sample_rate_hz
            Rate of the blocks.
        name
            What to call the recording in a message.

        Raises
        ------
        InputError
            If the rate is none that is accepted.
        """
        return RecognizerStream(self, sample_rate_hz, name)

    def features_without_noise(self, window: Window) -> Matrix | None:
        """Return the features of a noisy window's speech alone; None for one that is not noisy.

        What is left of a window without its noise (`ser.sound.denoiser`) is cut again: where speech
        begins and ends shows better then.
        """
        if window.speech_to_noise_db >= self.noisy_below_db:
            return None
        rate = self.settings.sample_rate_hz
        try:
            speech = next(cut(Recording(denoise(window.samples), rate), self.settings))
        except InputError:
            return None  # nothing is left, or too little to judge
        return self.artefact.extractor(speech.samples)

    def judge(
        self, features: list[Matrix], without_noise: Sequence[Matrix | None] = ()
    ) -> NDArray[np.float64]:
        """Return the probabilities of windows, calibrated and adapted, shape (n_windows, 8).

        Parameters
        ----------
        features
            Of the windows as they are.
        without_noise
            As `features_without_noise` gives them. Where there are some, the network hears both,
            and its two answers are averaged as logarithms: denoising takes a little of the voice
            along, noise hides some. A voice was enrolled as it sounds, so the adaptation is for
            the first alone.
        """
        bare, embeddings = self.network(features)
        probabilities = self.calibration.apply(bare)
        if self.adaptation is not None:
            moved, _ = self.network([self.adaptation.transform(matrix) for matrix in features])
            moved = self.calibration.apply(moved)
            probabilities = self.adaptation.combine(probabilities, moved, embeddings)
        noisy = [i for i, matrix in enumerate(without_noise) if matrix is not None]
        if noisy:
            bare, _ = self.network([m for m in without_noise if m is not None])
            product = np.sqrt(probabilities[noisy] * self.calibration.apply(bare))
            probabilities[noisy] = product / product.sum(axis=1, keepdims=True)
        return probabilities

    def _judged(
        self,
        windows: Iterable[Window],
        transform: Callable[[Matrix], Matrix] | None = None,
        keep: Callable[[Window, Matrix, Matrix | None], None] | None = None,
    ) -> Iterator[tuple[Window, NDArray[np.floating], float]]:
        windows = iter(windows)
        batches = iter(lambda: list(islice(windows, WINDOWS_PER_BATCH)), [])

        def judge(batch: list[Window]) -> tuple[Any, ...]:
            features = [self.artefact.extractor(window.samples) for window in batch]
            alone = [self.features_without_noise(window) for window in batch]
            moved = features if transform is None else [transform(m) for m in features]
            distances = self.distances(features)
            if distances is None:
                distances = np.zeros(len(batch))
            return batch, features, alone, self.judge(moved, alone), distances

        for judged in in_order(judge, batches):
            for window, matrix, quiet, row, distance in zip(*judged, strict=True):
                if keep is not None:
                    keep(window, matrix, quiet)
                yield window, row, float(distance)


class RecognizerStream:
    """Hears one recording block by block; `Recognizer.stream` makes it.

    What is fed gives the same estimate as `Recognizer.predict` of all of it at once, however it
    is cut into blocks. Memory does not grow with the sound, but for the segments.
    """

    def __init__(self, recognizer: Recognizer, sample_rate_hz: float, name: str) -> None:
        self._recognizer = recognizer
        self._name = name
        self._sample_rate_hz = sample_rate_hz
        self._converter = Converter(name, sample_rate_hz, recognizer.settings.sample_rate_hz)
        self._cutter = WindowCutter(recognizer.settings, name)
        self._summary = Summary(recognizer.calibration, recognizer.unlike_above)
        self._n_samples = 0
        self._finished = False

    def feed(self, block: ArrayLike) -> list[Segment]:
        """Take the next block and return the segments that are now complete.

        Nothing is returned until there is more sound than fits into one window: a shorter
        recording is judged at once, by `finish`. Then segments come about a second after their
        end, or after the pause that ends them; of several channels, which are mixed second by
        second, two.

        Parameters
        ----------
        block
            Shape (n_samples,) or (n_samples, n_channels), of any length; floats in -1..1 or
            integers.

        Raises
        ------
        InputError
            If the block is no sound, holds samples that are not finite, or comes after `finish`.
        """
        self._check_open()
        samples = self._converter.feed(block)
        self._n_samples += len(np.asarray(block))
        return self._judge(self._cutter.feed(samples))

    def finish(self) -> EmotionEstimate:
        """End the recording and return the estimate of all of it.

        Returns
        -------
        EmotionEstimate
            Of sound that fits into one window, its probabilities. Of more, those of `Summary`,
            and one segment for each window with speech; windows of one stretch of speech
            overlap, pauses are in none. If hardly any speech was heard, the doubts say so; if none
            was, so does `absence`, and no emotion is named.

        Raises
        ------
        InputError
            If the recording is silent or too short, or was finished before.
        """
        self._check_open()
        duration_seconds = self._n_samples / self._sample_rate_hz
        check_duration(duration_seconds, self._name)
        self._finished = True
        self._judge(self._cutter.feed(self._converter.finish()))
        self._judge(self._cutter.finish())
        heard = notes_on(self._sample_rate_hz, self._converter.cancelled)
        notes = (*heard, *self._recognizer.limits)
        return self._summary.estimate(self._cutter, duration_seconds, notes)

    def _check_open(self) -> None:
        if self._finished:
            raise InputError("this stream is finished; recognizer.stream() begins another one")

    def _judge(self, windows: list[Window]) -> list[Segment]:
        judged = self._recognizer._judged(windows)
        segments = (self._summary.add(*one) for one in judged)
        return [segment for segment in segments if segment is not None]


def _last_of(cutter: WindowCutter) -> Iterator[Window]:
    yield from cutter.finish()  # only when it is asked for: then all blocks have been fed


class Summary:
    """The estimate of a whole recording, from its windows and their probabilities.

    With p the probabilities of a window, c = max p its confidence, s its seconds of speech, and S
    the seconds of speech in the stretch r that it is cut from::

        summary = sum over r of S_r * (sum over windows of s c p) / (sum over windows of s)

    divided by its own sum: every second of speech counts once, however many windows hear it, and
    weighs as much as the network is sure of it.
    """

    def __init__(self, calibration: Calibration, unlike_above: float = math.inf) -> None:
        self._calibration = calibration
        self._unlike_above = unlike_above
        self._distance = 0.0  # of all windows, each as long as its speech
        self.speech_seconds = 0.0
        self._segments: list[Segment] = []
        self._closed = np.zeros(len(EMOTIONS))
        self._first: Samples | None = None  # of the first window
        self._stretch = 0
        self._begin_stretch()

    def _begin_stretch(self) -> None:
        self._weighted = np.zeros(len(EMOTIONS))
        self._seconds = 0.0  # of speech, each as often as a window hears it
        self._new_seconds = 0.0
        self._shown_from = -math.inf  # start of the latest segment

    def add(
        self, window: Window, probabilities: NDArray[np.floating], distance: float = 0.0
    ) -> Segment | None:
        """Take the next window and its probabilities, and return them as a segment.

        Its distance is that of `ser.network.hearing.Hearing.distances`.

        The window that ends a stretch may be nearly that before it: then it counts, and there is no
        segment.
        """
        if self._first is None:
            self._first = window.samples
        if window.stretch != self._stretch:
            self._closed = self._sum()
            self._stretch = window.stretch
            self._begin_stretch()
        seconds, new_seconds = window.speech_seconds, window.new_speech_seconds
        self.speech_seconds += new_seconds
        self._distance += new_seconds * distance
        if seconds == 0:  # judged only where there is no other window: any weight will do
            seconds = new_seconds = 1.0
        self._weighted += seconds * probabilities.max() * probabilities.astype(np.float64)
        self._seconds += seconds
        self._new_seconds += new_seconds
        if window.start_seconds - self._shown_from < SAME_SECONDS:
            return None
        self._shown_from = window.start_seconds
        place = Seconds(window.start_seconds, window.end_seconds)
        self._segments.append(Segment(place, tuple(probabilities.tolist())))
        return self._segments[-1]

    def _sum(self) -> NDArray[np.float64]:
        if self._seconds == 0:
            return self._closed
        return self._closed + self._weighted * (self._new_seconds / self._seconds)

    def probabilities(self) -> tuple[float, ...]:
        """Return the summary of all windows so far; there must be one."""
        total = self._sum()
        return tuple((total / total.sum()).tolist())

    def estimate(
        self, cutter: WindowCutter, duration_seconds: float, notes: tuple[str, ...] = ()
    ) -> EmotionEstimate:
        """Return the estimate, with the doubts and the timeline that the cutter's finds ask for."""
        probabilities = self.probabilities()
        absence, doubt = self._speech_missed(cutter.sound_seconds)
        timeline = not cutter.at_once and self.speech_seconds > 0 and not absence
        unlike = bool(self._distance > self._unlike_above * self.speech_seconds)
        doubts = () if absence else (UNLIKE * unlike, self._calibration.doubt(probabilities))
        doubts = (doubt, *doubts)
        return EmotionEstimate(
            probabilities,
            duration_seconds=duration_seconds,
            segments=tuple(self._segments) if timeline else (),
            doubts=tuple(filter(None, doubts)),
            absence=absence,
            notes=notes,
        )

    def _speech_missed(self, sound_seconds: float) -> tuple[str, str]:
        """Return what to say where nobody speaks, and the doubt where hardly anybody does."""
        speech_seconds = self.speech_seconds
        if speech_seconds >= max(LEAST_SPEECH_SECONDS, LEAST_SPEECH_SHARE * sound_seconds):
            if speech_seconds >= ENOUGH_SPEECH_SECONDS:
                return "", ""
            return "", (
                f"only {speech_seconds:.1f} s of speech was heard, too little to be sure of; speak "
                "for two seconds or longer"
            )
        some = min(SOME_SPEECH_SECONDS, SOME_SPEECH_SHARE * sound_seconds)
        none = speech_seconds < max(some, CHANCE_SHARE * sound_seconds)
        if none and self._first is not None:
            none = shrill_speech_seconds(self._first) < some
        how_much = "no speech" if none else "hardly any speech"
        seconds = f"{'at most ' * (none and speech_seconds > 0)}{speech_seconds:.1f} s"
        return ABSENCE * none, (
            f"{how_much} was heard in it ({seconds} in {sound_seconds:.1f} s of sound); "
            "record one person speaking, near the microphone"
        )
