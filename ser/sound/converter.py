"""From blocks of any rate, type and number of channels to mono float32 at the model's rate."""

from typing import Any

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from foundation.errors import InputError
from foundation.media import SAMPLE_RATES_HZ
from ser.settings import Samples


class Converter:
    """Turns the blocks of one recording into mono float32 at another rate, while they come.

    Channels are averaged, unless that cancels them (`_Mixer`); the rate is changed by soxr at high
    quality. How the recording is cut into blocks changes nothing.

    Parameters
    ----------
    name
        What to call the recording in a message.
    from_hz, to_hz
        Rate of the blocks, and the rate wanted.

    Raises
    ------
    InputError
        If the rate of the blocks is none that is accepted.
    """

    def __init__(self, name: str, from_hz: float, to_hz: int) -> None:
        self._name = name
        self._resampler = None
        if checked_rate(from_hz, name) != to_hz:
            self._resampler = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32")
        self._mixer = _Mixer(round(from_hz))

    @property
    def cancelled(self) -> bool:
        """Whether the channels would have cancelled each other somewhere so far."""
        return self._mixer.cancelled

    def feed(self, block: ArrayLike) -> Samples:
        """Return what the next block adds.

        Parameters
        ----------
        block
            Shape (n_samples,) or (n_samples, n_channels), any number of samples, none included;
            floats in -1..1 or integers.

        Raises
        ------
        InputError
            If the block is no sound, or holds samples that are not finite.
        """
        samples = _as_float(checked_shape(block))
        if not np.isfinite(samples).all():
            raise InputError(
                f"{self._name}: holds samples that are NaN or infinite; "
                "export the recording again as 16-bit or 24-bit audio"
            )
        mono = self._mixer.feed(samples)
        return mono if self._resampler is None else self._resampler.resample_chunk(mono)

    def finish(self) -> Samples:
        """Return what is still on its way."""
        rest = self._mixer.finish()
        return rest if self._resampler is None else self._resampler.resample_chunk(rest, last=True)


class _Mixer:
    """Mixes channels, second by second; where the mix cancels, the louder channel stands for it.

    Two channels of which one is the other upside down, as a wrong cable makes them, are silence
    when they are added up. With e the energies of the n channels, from the beginning to the end of
    this second, and m that of their mean, channels that have nothing in common give
    m = sum(e) / n**2; much less is no coincidence.
    """

    CANCELS_BELOW = 0.1  # of that: with two channels alike, a correlation below -0.9

    def __init__(self, n_samples: int) -> None:
        self._n_samples = n_samples  # of a second
        self._rest: NDArray[np.float32] | None = None
        self._energies = np.zeros(0)
        self._mixed = 0.0  # energy of the mix
        self._channel: int | None = None  # that stands for the mix
        self.cancelled = False

    def feed(self, samples: NDArray[np.float32]) -> Samples:
        """Return the seconds that are now whole; of one channel, all of it."""
        n_channels = 1 if samples.ndim == 1 else samples.shape[1]
        done = []
        if self._rest is not None and self._rest.shape[1] != n_channels:
            done.append(self.finish())
        if n_channels == 1:
            return np.concatenate([*done, samples.reshape(-1)])
        waiting = samples if self._rest is None else np.concatenate([self._rest, samples])
        n_whole = len(waiting) // self._n_samples * self._n_samples
        for start in range(0, n_whole, self._n_samples):
            done.append(self._second(waiting[start : start + self._n_samples]))
        self._rest = waiting[n_whole:].copy()  # not a view, which would keep the block
        return np.concatenate(done) if done else np.zeros(0, np.float32)

    def finish(self) -> Samples:
        """Return the last second, which may be short."""
        rest, self._rest = self._rest, None
        return np.zeros(0, np.float32) if rest is None or not len(rest) else self._second(rest)

    def _second(self, samples: NDArray[np.float32]) -> Samples:
        mono = samples.mean(axis=1, dtype=np.float32)
        n_channels = samples.shape[1]
        if len(self._energies) != n_channels:
            self._energies, self._mixed, self._channel = np.zeros(n_channels), 0.0, None
        self._energies = self._energies + np.square(samples, dtype=np.float64).sum(axis=0)
        self._mixed += float(np.square(mono, dtype=np.float64).sum())
        if self._mixed >= self.CANCELS_BELOW * self._energies.sum() / n_channels**2:
            self._channel = None
            return mono
        loudest = int(np.argmax(self._energies))
        # The other one is upside down: to go over to it takes a reason.
        if self._channel is None or self._energies[loudest] > 2 * self._energies[self._channel]:
            self._channel = loudest
        self.cancelled = True
        return samples[:, self._channel].copy()


def checked_rate(sample_rate_hz: float, name: str) -> float:
    """Return a rate that is accepted.

    Raises
    ------
    InputError
        If it is not.
    """
    low, high = SAMPLE_RATES_HZ
    if not low <= sample_rate_hz <= high:
        raise InputError(
            f"{name}: the sample rate is {sample_rate_hz} Hz; {low} to {high} Hz is accepted"
        )
    return sample_rate_hz


def checked_shape(source: ArrayLike) -> NDArray[Any]:
    """Return a block as an array of shape (n_samples,) or (n_samples, n_channels).

    Raises
    ------
    InputError
        If it has no such shape, or holds no numbers.
    """
    array = np.asarray(source)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiu" or array.shape[1:] == (0,):
        raise InputError(
            f"an array of shape {array.shape} and type {array.dtype} is no recording; accepted "
            "are numbers of shape (n_samples,) or (n_samples, n_channels)"
        )
    return array


def _as_float(block: NDArray[Any]) -> NDArray[np.float32]:
    """Return a block with -1..1 for the range of its integers.

    Done block by block: a long recording of 16-bit integers takes twice its room as floats.
    """
    if block.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
            return block.astype(np.float32, copy=False)
    limits = np.iinfo(block.dtype)
    middle = 0 if block.dtype.kind == "i" else (limits.max + 1) // 2
    return ((block.astype(np.float64) - middle) / (limits.max - middle + 1)).astype(np.float32)
