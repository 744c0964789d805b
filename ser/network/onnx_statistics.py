"""The statistics of an utterance (`ser.network.statistics_model`) in the operators of ONNX."""

from typing import Any

import numpy as np
from onnx import TensorProto

from ser.network.onnx_graph import GraphWriter
from ser.network.statistics_model import (
    HARDLY,
    LAGS,
    LOUD_WITHIN_DB,
    N_COSINES,
    N_COURSE_MFCC,
    SMALLEST_VARIANCE,
    VOICED_ABOVE,
)


class _Frames:
    """Arithmetic on tensors (batch, frames, features) with a mask (batch, frames)."""

    def __init__(self, writer: GraphWriter, mask: str) -> None:
        self.writer, self.node = writer, writer.node
        self.time, self._last = writer.constant([1]), writer.constant([-1])
        self._zero = writer.constant([0])
        self._end = writer.constant([np.iinfo(np.int64).max])
        self.keep = self.node("Unsqueeze", [mask, self._last])  # (batch, frames, 1)
        self.n = self.total(self.keep)  # frames that are no padding, (batch, 1)
        ordinal = self.node("CumSum", [mask, writer.constant(np.int64(1))])
        self.ordinal = self.node("Unsqueeze", [ordinal, self._last])  # 1, 2, ...

    def number(self, value: float) -> str:
        return self.writer.constant(np.float32(value))

    def binary(self, operator: str, first: str, second: str | float) -> str:
        second = second if isinstance(second, str) else self.number(second)
        return self.node(operator, [first, second])

    def times(self, first: str, second: str | float) -> str:
        return self.binary("Mul", first, second)

    def plus(self, first: str, second: str | float) -> str:
        return self.binary("Add", first, second)

    def minus(self, first: str, second: str | float) -> str:
        return self.binary("Sub", first, second)

    def over(self, first: str, second: str | float) -> str:
        return self.binary("Div", first, second)

    def square(self, values: str) -> str:
        return self.times(values, values)

    def log(self, values: str, floor: float = 0.0) -> str:
        return self.node("Log", [self.plus(values, floor) if floor else values])

    def clip(self, values: str, low: float, high: float) -> str:
        return self.node("Clip", [values, self.number(low), self.number(high)])

    def total(self, values: str, keep: int = 0) -> str:
        return self.node("ReduceSum", [values, self.time], keepdims=keep)

    def mean(self, values: str) -> str:
        return self.over(self.total(values), self.n)

    def with_frames(self, values: str) -> str:
        """Return values (batch, features) as (batch, 1, features)."""
        return self.node("Unsqueeze", [values, self.time])

    def later(self, values: str, lag: int = 1) -> str:
        return self.node("Slice", [values, self.writer.constant([lag]), self._end, self.time])

    def earlier(self, values: str, lag: int = 1) -> str:
        return self.node("Slice", [values, self._zero, self.writer.constant([-lag]), self.time])

    def columns(self, values: str, start: int, stop: int) -> str:
        bounds = [self.writer.constant([start]), self.writer.constant([stop])]
        return self.node("Slice", [values, *bounds, self._last])

    def joined(self, parts: list[str]) -> str:
        return self.node("Concat", parts, axis=-1)


def utterance_statistics(writer: GraphWriter, layer: Any, tensors: list[Any]) -> str:
    """Write `ser.network.statistics_model.UtteranceStatistics.call`."""
    x, mask = (writer.value(tensor) for tensor in tensors)
    f = _Frames(writer, mask)

    def pairs(lag: int) -> str:
        """Return how many pairs of frames are `lag` apart, at least 1."""
        return f.binary("Max", f.minus(f.n, float(lag)), 1.0)

    mean = f.mean(f.times(x, f.keep))
    centred = f.times(f.minus(x, f.with_frames(mean)), f.keep)
    deviation = f.node("Sqrt", [f.plus(f.mean(f.square(centred)), SMALLEST_VARIANCE)])
    z = f.over(centred, f.with_frames(deviation))
    squared = f.square(z)
    place = f.over(f.minus(f.ordinal, 1.0), f.with_frames(pairs(1)))
    time = f.times(f.minus(f.times(place, 2.0), 1.0), f.keep)
    slope = f.over(f.total(f.times(centred, time)), f.plus(f.total(f.square(time)), 1e-3))
    curvature = f.mean(f.times(centred, f.square(time)))
    steady, rhythm = f.columns(x, 0, layer.n_static), f.columns(z, 0, layer.n_static)
    steps = f.node("Abs", [f.minus(f.later(steady), f.earlier(steady))])
    step = f.log(f.over(f.total(f.times(steps, f.later(f.keep))), pairs(1)), 1e-3)
    autocorrelations = [
        f.over(f.total(f.times(f.later(rhythm, lag), f.earlier(rhythm, lag))), pairs(lag))
        for lag in LAGS
    ]
    skewness, kurtosis = f.mean(f.times(squared, z)), f.mean(f.square(squared))
    parts = [mean, f.log(deviation), skewness, kurtosis, slope, curvature, step]
    return f.joined([*parts, *autocorrelations])


def voice_statistics(writer: GraphWriter, layer: Any, tensors: list[Any]) -> str:
    """Write `ser.network.statistics_model.VoiceStatistics.call`."""
    x, mask = (writer.value(tensor) for tensor in tensors)
    f = _Frames(writer, mask)
    mfcc = f.columns(x, 0, layer.n_mfcc)
    strength = f.clip(f.columns(x, layer.n_static - 1, layer.n_static), 1e-3, 1.0)
    contour = f.columns(x, layer.n_static - 2, layer.n_static - 1)
    octaves = f.clip(f.over(contour, strength), -2.0, 2.5)

    def share(weights: str) -> str:
        weights = f.times(weights, f.keep)
        return f.over(weights, f.total(weights, keep=1))

    def expected(shares: str, values: str) -> str:
        return f.total(f.times(shares, values))

    def moments(values: str, shares: str) -> tuple[str, str, str]:
        mean = expected(shares, values)
        apart = f.minus(values, f.with_frames(mean))
        variance = expected(shares, f.square(apart))
        return mean, apart, f.times(f.log(variance, SMALLEST_VARIANCE), 0.5)

    is_voiced = f.node("Cast", [f.binary("Greater", strength, VOICED_ABOVE)], to=TensorProto.FLOAT)
    voiced = share(f.plus(f.times(strength, is_voiced), HARDLY))
    unvoiced = share(f.minus(f.number(1.0 + 1e-3), strength))
    level_db = f.over(f.columns(mfcc, 0, 1), layer.n_mels**0.5)
    padding = f.times(f.minus(f.keep, 1.0), 1e4)
    loudest_db = f.node("ReduceMax", [f.plus(level_db, padding), f.time], keepdims=1)
    below = f.over(f.minus(level_db, loudest_db), LOUD_WITHIN_DB)
    loud = share(f.plus(f.node("Relu", [f.plus(below, 1.0)]), HARDLY))
    voiced_mean, _, voiced_spread = moments(mfcc, voiced)
    loud_mean, _, loud_spread = moments(mfcc, loud)
    unvoiced_mean = expected(unvoiced, mfcc)

    place = f.over(f.minus(f.ordinal, 0.5), f.with_frames(f.n))
    pitch, apart, pitch_spread = moments(octaves, voiced)
    cubed = f.times(f.square(apart), apart)
    skewness = f.over(expected(voiced, cubed), f.node("Exp", [f.times(pitch_spread, 3.0)]))
    _, when, when_spread = moments(f.times(place, 2.0), voiced)
    duration = f.node("Exp", [f.times(when_spread, 2.0)])
    slope = f.over(expected(voiced, f.times(when, apart)), duration)
    bend = f.minus(f.square(when), f.with_frames(duration))
    curvature = expected(voiced, f.times(bend, apart))
    both = f.node("Min", [f.later(voiced), f.earlier(voiced)])
    steps = f.node("Abs", [f.minus(f.later(octaves), f.earlier(octaves))])
    step = f.over(f.total(f.times(steps, both)), f.plus(f.total(both), 1e-6))
    sounding = f.times(is_voiced, f.keep)
    onsets = f.node("Relu", [f.minus(f.later(sounding), f.earlier(sounding))])
    melody = [pitch, pitch_spread, skewness, slope, curvature, f.log(step, 1e-3)]
    melody += [f.mean(sounding), f.mean(onsets)]

    course = f.columns(mfcc, 0, N_COURSE_MFCC)
    centre = f.mean(f.times(course, f.keep))
    course = f.minus(course, f.with_frames(centre))
    course = f.times(f.joined([course, f.times(apart, is_voiced), strength]), f.keep)
    cosines = [
        f.mean(f.times(course, f.node("Cos", [f.times(place, np.pi * order)])))
        for order in range(1, N_COSINES + 1)
    ]
    spectra = [voiced_mean, unvoiced_mean, loud_mean, voiced_spread, loud_spread]
    return f.joined([*spectra, *melody, *cosines])
