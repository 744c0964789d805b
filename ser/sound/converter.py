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

    Channels are averaged; the rate is changed by soxr at high quality. How the recording is cut
    into blocks changes nothing.

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
        mono = samples if samples.ndim == 1 else samples.mean(axis=1, dtype=np.float32)
        return mono if self._resampler is None else self._resampler.resample_chunk(mono)

    def finish(self) -> Samples:
        """Return what is still on its way."""
        nothing = np.zeros(0, np.float32)
        if self._resampler is None:
            return nothing
        return self._resampler.resample_chunk(nothing, last=True)


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
