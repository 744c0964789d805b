"""From the Keras network to an ONNX graph for ONNX Runtime.

Keras's own export turns every LSTM into a ``Loop`` over some twenty small operators; ONNX has an
``LSTM`` of its own, which the runtime computes in one piece, many times as fast. So the graph is
written here: `export` walks the functional model from its outputs to
its inputs, and one small function per kind of layer (`_WRITERS`) says which operators it
becomes. A kind that has none is refused, never skipped.

Conventions of ONNX that differ from Keras (https://onnx.ai/onnx/operators/onnx__LSTM.html):
the gates are ordered i o f c instead of i f c o, weights are (directions, 4 * units, inputs)
instead of (inputs, 4 * units), time comes before batch, and a convolution has channels before
time. Batch normalisation is folded into a convolution right
before it.

Kernels that fit float16 exactly, as `ser.network.model.average_of` makes them, are stored in it;
the runtime widens them once, when it loads the graph, so that only the file is smaller.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ser.network.statistics_model import (
    HARDLY,
    LAGS,
    LOUD_WITHIN_DB,
    N_COSINES,
    N_COURSE_MFCC,
    SMALLEST_VARIANCE,
    VOICED_ABOVE,
)

OPSET, IR_VERSION = 18, 9  # of 2022 and 2023: any ONNX Runtime that is accepted reads them
EMBEDDING_LAYER = "dense"  # the last hidden layer of `ser.network.model.build_model`
OPERATORS = {"relu": "Relu", "softmax": "Softmax", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def export(model: keras.Model, path: Path) -> None:
    """Write a model of `ser.network.model` as ONNX, with free batch size and number of frames.

    Parameters
    ----------
    model
        What `ser.network.model.build_model` or `ser.network.model.average_of` returns. Inputs keep
        their names. ``mask`` must be a run of ones followed by zeros in every row, as
        `ser.features.mfcc.pad` makes it.
    path
        File to write. Its outputs are ``probabilities`` (batch, 8) and ``embedding``
        (batch, units): the last hidden layer, that of several members side by side.

    Raises
    ------
    ValueError
        If the model holds a layer, or a setting of one, that has no counterpart here.
    """
    writer = _GraphWriter()
    for tensor in model.inputs:
        writer.values[id(tensor)] = _name_of(tensor)
    [probabilities] = [writer.value(tensor) for tensor in model.outputs]
    if not writer.embeddings:
        raise ValueError(f"the model has no layer named {EMBEDDING_LAYER!r} to call embedding")
    writer.node("Identity", [probabilities], output="probabilities")
    writer.node("Concat", writer.embeddings, output="embedding", axis=-1)
    graph = helper.make_graph(
        writer.nodes,
        "emotify_ser",
        [_described(_name_of(tensor), tensor.shape) for tensor in model.inputs],
        [
            _described("probabilities", model.output_shape),
            _described("embedding", (None, writer.embedding_units)),
        ],
        writer.weights,
    )
    proto = helper.make_model(
        graph,
        producer_name="emotify",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString())


def _name_of(tensor: Any) -> str:
    return tensor._keras_history.operation.name


def _described(name: str, shape: tuple[int | None, ...]) -> Any:
    free = ("batch", "frames")
    sizes = [free[axis] if size is None else size for axis, size in enumerate(shape)]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)


class _GraphWriter:
    """Nodes and weights so far, and the name in the graph of every Keras tensor seen."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.values: dict[int, str] = {}
        self.embeddings: list[str] = []
        self.embedding_units = 0

    def value(self, tensor: Any) -> str:
        """Return the name of a Keras tensor, writing what it is computed from if need be."""
        if id(tensor) not in self.values:
            operation, node_index, _ = tensor._keras_history
            arguments = operation._inbound_nodes[node_index].arguments
            kind = type(operation).__name__
            if kind not in _WRITERS:
                raise ValueError(f"layer {operation.name!r}: {kind} cannot be exported to ONNX yet")
            name = _WRITERS[kind](self, operation, *arguments.args, **arguments.kwargs)
            if operation.name == EMBEDDING_LAYER:
                self.embeddings.append(name)
                self.embedding_units += tensor.shape[-1]
            self.values[id(tensor)] = name
        return self.values[id(tensor)]

    def node(
        self, operator: str, inputs: list[str], *, output: str | None = None, **settings: Any
    ) -> str:
        """Add an operator and return the name of its output."""
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **settings))
        return output

    def weight(self, values: NDArray[Any]) -> str:
        """Add a kernel and return its name; it takes half the room where float16 loses nothing."""
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if np.array_equal(half, values):
            return self.node("Cast", [self.constant(half)], to=TensorProto.FLOAT)
        return self.constant(values)

    def constant(self, values: Any) -> str:
        """Add an array or a number as it is and return its name."""
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def activated(self, name: str, layer: Any) -> str:
        """Apply the activation of a layer."""
        activation = layer.activation.__name__
        if activation == "linear":
            return name
        _demand(layer, activation=activation in OPERATORS)
        return self.node(OPERATORS[activation], [name])


def _demand(layer: Any, **conditions: bool) -> None:
    """Refuse a layer with a setting that this export does not know."""
    for setting, known in conditions.items():
        if not known:
            raise ValueError(
                f"layer {layer.name!r}: {type(layer).__name__} with this {setting} cannot be "
                "exported to ONNX yet"
            )


# ------------------------------------------------------ one function per kind of layer
# Each gets the writer, the layer, and what the layer was called with.


def _model(writer: _GraphWriter, model: Any, tensors: list[Any], mask: Any = None) -> str:
    for inner, outer in zip(model.inputs, tensors, strict=True):
        writer.values[id(inner)] = writer.value(outer)
    return writer.value(model.outputs[0])


def _unchanged(writer: _GraphWriter, _layer: Any, x: Any, **_training: Any) -> str:
    return writer.value(x)


def _standardise(writer: _GraphWriter, layer: Any, x: Any) -> str:
    mean, scale = (np.asarray(values) for values in layer.get_weights())
    centred = writer.node("Sub", [writer.value(x), writer.constant(mean)])
    return writer.node("Div", [centred, writer.constant(scale)])


def _get_item(writer: _GraphWriter, operation: Any, x: Any, key: tuple[Any, ...]) -> str:
    key = tuple(key)  # a list, after loading
    if key == (Ellipsis, None):
        return writer.node("Unsqueeze", [writer.value(x), writer.constant([-1])])
    # Every n-th frame: x[:, ::n]
    _demand(operation, key=len(key) == 2 and key[0] == slice(None) and _is_stride(key[1]))
    end = np.iinfo(np.int64).max
    bounds = [writer.constant([value]) for value in (0, end, 1, key[1].step)]
    return writer.node("Slice", [writer.value(x), *bounds])


def _is_stride(part: Any) -> bool:
    return isinstance(part, slice) and part.start is part.stop is None and (part.step or 0) > 0


def _binary(operator: str) -> Callable[..., str]:
    def write(writer: _GraphWriter, _operation: Any, *inputs: Any) -> str:
        tensors = inputs[0] if isinstance(inputs[0], list | tuple) else inputs
        return writer.node(operator, [writer.value(tensor) for tensor in tensors])

    return write


def _cast(writer: _GraphWriter, operation: Any, x: Any) -> str:
    kinds = {"bool": TensorProto.BOOL, "float32": TensorProto.FLOAT}
    _demand(operation, dtype=operation.dtype in kinds)
    return writer.node("Cast", [writer.value(x)], to=kinds[operation.dtype])


def _conv(writer: _GraphWriter, layer: Any, x: Any) -> str:
    kernel, bias = _kernel_and_bias(layer)
    return writer.activated(_convolved(writer, layer, x, writer.weight(kernel), bias), layer)


def _batch_normalisation(writer: _GraphWriter, layer: Any, x: Any, **_call: Any) -> str:
    _demand(layer, axis=layer.axis in (-1, 2), scale=layer.scale, center=layer.center)
    gamma, beta, mean, variance = layer.get_weights()
    factor = gamma / np.sqrt(variance + layer.epsilon)
    conv, node_index, _ = x._keras_history
    if type(conv).__name__ != "Conv1D" or conv.activation.__name__ != "linear":
        scaled = writer.node("Mul", [writer.value(x), writer.constant(factor)])
        return writer.node("Add", [scaled, writer.constant(beta - mean * factor)])
    kernel, bias = _kernel_and_bias(conv)
    # In the graph, and so when it is loaded: the product would not fit float16 any more.
    folded = writer.node("Mul", [writer.weight(kernel), writer.constant(factor[:, None, None])])
    [source] = conv._inbound_nodes[node_index].input_tensors
    return _convolved(writer, conv, source, folded, (bias - mean) * factor + beta)


def _kernel_and_bias(conv: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the kernel (filters, channels, width) as ONNX has it, and the bias (filters,)."""
    kernel, *bias = conv.get_weights()
    return kernel.transpose(2, 1, 0), bias[0] if bias else np.zeros(conv.filters, np.float32)


def _convolved(writer: _GraphWriter, layer: Any, x: Any, kernel: str, bias: NDArray[Any]) -> str:
    plain = layer.strides == layer.dilation_rate == (1,) and layer.groups == 1
    channels_last = layer.data_format == "channels_last"
    _demand(layer, stride=plain, padding=layer.padding == "same", data_format=channels_last)
    [width] = layer.kernel_size
    before = (width - 1) // 2  # Keras pads an even kernel with one more behind
    channels_first = writer.node("Transpose", [writer.value(x)], perm=[0, 2, 1])
    inputs = [channels_first, kernel, writer.constant(bias)]
    convolved = writer.node("Conv", inputs, pads=[before, width - 1 - before])
    return writer.node("Transpose", [convolved], perm=[0, 2, 1])


def _bidirectional_lstm(
    writer: _GraphWriter, layer: Any, x: Any, mask: Any = None, **_call: Any
) -> str:
    cells = (layer.forward_layer, layer.backward_layer)
    _demand(layer, merge_mode=layer.merge_mode == "concat")
    for lstm in cells:
        _demand(
            lstm,
            kind=type(lstm).__name__ == "LSTM",
            activation=lstm.activation.__name__ == "tanh",
            recurrent_activation=lstm.recurrent_activation.__name__ == "sigmoid",
            use_bias=lstm.use_bias,
            return_sequences=lstm.return_sequences,
        )
    weights = [lstm.get_weights() for lstm in cells]
    kernels = np.stack([_onnx_gates(kernel) for kernel, _, _ in weights])
    recurrents = np.stack([_onnx_gates(recurrent) for _, recurrent, _ in weights])
    biases = np.stack([_onnx_gates(bias) for _, _, bias in weights])
    # ONNX adds a bias to the inputs' part and another to the recurrent part; Keras has the first.
    biases = np.concatenate([biases, np.zeros_like(biases)], axis=1)
    time_first = writer.node("Transpose", [writer.value(x)], perm=[1, 0, 2])
    inputs = [time_first, writer.weight(kernels), writer.weight(recurrents)]
    inputs += [writer.constant(biases), _lengths(writer, mask)]
    units = cells[0].units
    hidden = writer.node("LSTM", inputs, direction="bidirectional", hidden_size=units)
    batch_first = writer.node("Transpose", [hidden], perm=[2, 0, 1, 3])  # from (t, dir, n, units)
    shape = writer.constant(np.array([0, 0, 2 * units], np.int64))
    return writer.node("Reshape", [batch_first, shape])


def _onnx_gates(weights: NDArray[Any]) -> NDArray[Any]:
    """Return weights (..., 4 * units) in Keras's order i f c o as (4 * units, ...) in i o f c."""
    i, f, c, o = np.split(weights, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1).T


def _lengths(writer: _GraphWriter, mask: Any) -> str:
    """Return the numbers of frames that are no padding; ONNX has no other mask for an LSTM."""
    if mask is None:
        return ""  # all frames of all rows
    ones = writer.node("Cast", [writer.value(mask)], to=TensorProto.INT32)
    return writer.node("ReduceSum", [ones, writer.constant([1])], keepdims=0)


def _attention_pooling(writer: _GraphWriter, layer: Any, tensors: list[Any]) -> str:
    """Write `ser.network.model.AttentionPooling.call`."""
    x, mask = (writer.value(tensor) for tensor in tensors)
    one, time, last = writer.constant(np.float32(1)), writer.constant([1]), writer.constant([-1])
    hidden = _affine(writer, layer.hidden, x)
    score = writer.node("Squeeze", [_affine(writer, layer.score, hidden), last])
    padding = writer.node("Sub", [one, mask])
    penalty = writer.node("Mul", [padding, writer.constant(np.float32(1e9))])
    shares = writer.node("Softmax", [writer.node("Sub", [score, penalty])], axis=-1)
    weights = writer.node("Unsqueeze", [shares, last])

    def expected(values: str) -> str:
        return writer.node("ReduceSum", [writer.node("Mul", [weights, values]), time], keepdims=0)

    mean = expected(x)
    mean_square = expected(writer.node("Mul", [x, x]))
    variance = writer.node("Sub", [mean_square, writer.node("Mul", [mean, mean])])
    floor = writer.constant(np.float32(1e-5))
    deviation = writer.node("Sqrt", [writer.node("Max", [variance, floor])])
    return writer.node("Concat", [mean, deviation], axis=-1)


class _Frames:
    """Arithmetic on tensors (batch, frames, features) with a mask (batch, frames)."""

    def __init__(self, writer: _GraphWriter, mask: str) -> None:
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


def _utterance_statistics(writer: _GraphWriter, layer: Any, tensors: list[Any]) -> str:
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


def _voice_statistics(writer: _GraphWriter, layer: Any, tensors: list[Any]) -> str:
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


def _concatenate(writer: _GraphWriter, layer: Any, tensors: list[Any]) -> str:
    _demand(layer, axis=layer.axis == -1)
    return writer.node("Concat", [writer.value(tensor) for tensor in tensors], axis=-1)


def _geometric_mean(writer: _GraphWriter, _layer: Any, tensors: list[Any]) -> str:
    """Write `ser.network.statistics_model.GeometricMean.call`."""
    floor = writer.constant(np.float32(1e-7))
    logarithms = [
        writer.node("Log", [writer.node("Max", [writer.value(tensor), floor])])
        for tensor in tensors
    ]
    return writer.node("Softmax", [writer.node("Mean", logarithms)], axis=-1)


def _frame_pooling(writer: _GraphWriter, layer: Any, tensors: list[Any]) -> str:
    """Write `ser.network.model.FramePooling.call`."""
    x, mask = (writer.value(tensor) for tensor in tensors)

    def pooled(channels_first: str) -> str:
        # What is left over at the end is averaged without padding, as Keras does.
        size = [layer.size]
        return writer.node(
            "AveragePool",
            [channels_first],
            kernel_shape=size,
            strides=size,
            ceil_mode=1,
            count_include_pad=0,
        )

    mean = pooled(writer.node("Transpose", [x], perm=[0, 2, 1]))
    counted = pooled(writer.node("Unsqueeze", [mask, writer.constant([1])]))
    least = writer.constant(np.float32(1 / layer.size))
    mean = writer.node("Div", [mean, writer.node("Max", [counted, least])])
    return writer.node("Transpose", [mean], perm=[0, 2, 1])


def _dense(writer: _GraphWriter, layer: Any, x: Any) -> str:
    return _affine(writer, layer, writer.value(x))


def _affine(writer: _GraphWriter, layer: Any, name: str) -> str:
    kernel, *bias = layer.get_weights()
    name = writer.node("MatMul", [name, writer.weight(kernel)])
    for values in bias:
        name = writer.node("Add", [name, writer.constant(values)])
    return writer.activated(name, layer)


_WRITERS: dict[str, Callable[..., str]] = {
    "Functional": _model,
    "Standardise": _standardise,
    "GetItem": _get_item,
    "Cast": _cast,
    "Multiply": _binary("Mul"),
    "Add": _binary("Add"),
    "Average": _binary("Mean"),
    "Conv1D": _conv,
    "BatchNormalization": _batch_normalisation,
    "ReLU": lambda writer, _layer, x: writer.node("Relu", [writer.value(x)]),
    "Dropout": _unchanged,
    "Bidirectional": _bidirectional_lstm,
    "AttentionPooling": _attention_pooling,
    "Dense": _dense,
    "FramePooling": _frame_pooling,
    "UtteranceStatistics": _utterance_statistics,
    "VoiceStatistics": _voice_statistics,
    "Concatenate": _concatenate,
    "GeometricMean": _geometric_mean,
}
