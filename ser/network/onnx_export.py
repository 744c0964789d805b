"""From the Keras network to an ONNX graph for ONNX Runtime.

Keras's own export turns every LSTM into a ``Loop`` over some twenty small operators; ONNX has an
``LSTM`` of its own, which the runtime computes in one piece, many times as fast. So the graph is
written here: `export` walks the functional model from its outputs to its inputs
(`ser.network.onnx_graph`), and one small function per kind of layer (`_WRITERS`; the longest are
in `ser.network.onnx_statistics`) says which operators it becomes. A kind that has none is refused,
never skipped.

Conventions of ONNX that differ from Keras (https://onnx.ai/onnx/operators/onnx__LSTM.html):
the gates are ordered i o f c instead of i f c o, weights are (directions, 4 * units, inputs)
instead of (inputs, 4 * units), time comes before batch, and a convolution has channels before
time. Batch normalisation is folded into a convolution right before it.

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
from onnx import TensorProto, helper

from ser.network.onnx_graph import EMBEDDING_LAYER, GraphWriter, demand
from ser.network.onnx_statistics import utterance_statistics, voice_statistics

OPSET, IR_VERSION = 18, 9  # of 2022 and 2023: any ONNX Runtime that is accepted reads them


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
    writer = GraphWriter(_WRITERS)
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


# One function for each kind of layer: it gets the writer, the layer, and what that was called with.


def _model(writer: GraphWriter, model: Any, tensors: list[Any], mask: Any = None) -> str:
    for inner, outer in zip(model.inputs, tensors, strict=True):
        writer.values[id(inner)] = writer.value(outer)
    return writer.value(model.outputs[0])


def _unchanged(writer: GraphWriter, _layer: Any, x: Any, **_training: Any) -> str:
    return writer.value(x)


def _standardise(writer: GraphWriter, layer: Any, x: Any) -> str:
    mean, scale = (np.asarray(values) for values in layer.get_weights())
    centred = writer.node("Sub", [writer.value(x), writer.constant(mean)])
    return writer.node("Div", [centred, writer.constant(scale)])


def _get_item(writer: GraphWriter, operation: Any, x: Any, key: tuple[Any, ...]) -> str:
    key = tuple(key)  # a list, after loading
    if key == (Ellipsis, None):
        return writer.node("Unsqueeze", [writer.value(x), writer.constant([-1])])
    # Every n-th frame: x[:, ::n]
    demand(operation, key=len(key) == 2 and key[0] == slice(None) and _is_stride(key[1]))
    end = np.iinfo(np.int64).max
    bounds = [writer.constant([value]) for value in (0, end, 1, key[1].step)]
    return writer.node("Slice", [writer.value(x), *bounds])


def _is_stride(part: Any) -> bool:
    return isinstance(part, slice) and part.start is part.stop is None and (part.step or 0) > 0


def _binary(operator: str) -> Callable[..., str]:
    def write(writer: GraphWriter, _operation: Any, *inputs: Any) -> str:
        tensors = inputs[0] if isinstance(inputs[0], list | tuple) else inputs
        return writer.node(operator, [writer.value(tensor) for tensor in tensors])

    return write


def _cast(writer: GraphWriter, operation: Any, x: Any) -> str:
    kinds = {"bool": TensorProto.BOOL, "float32": TensorProto.FLOAT}
    demand(operation, dtype=operation.dtype in kinds)
    return writer.node("Cast", [writer.value(x)], to=kinds[operation.dtype])


def _conv(writer: GraphWriter, layer: Any, x: Any) -> str:
    kernel, bias = _kernel_and_bias(layer)
    return writer.activated(_convolved(writer, layer, x, writer.weight(kernel), bias), layer)


def _batch_normalisation(writer: GraphWriter, layer: Any, x: Any, **_call: Any) -> str:
    demand(layer, axis=layer.axis in (-1, 2), scale=layer.scale, center=layer.center)
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


def _convolved(writer: GraphWriter, layer: Any, x: Any, kernel: str, bias: NDArray[Any]) -> str:
    plain = layer.strides == layer.dilation_rate == (1,) and layer.groups == 1
    channels_last = layer.data_format == "channels_last"
    demand(layer, stride=plain, padding=layer.padding == "same", data_format=channels_last)
    [width] = layer.kernel_size
    before = (width - 1) // 2  # Keras pads an even kernel with one more behind
    channels_first = writer.node("Transpose", [writer.value(x)], perm=[0, 2, 1])
    inputs = [channels_first, kernel, writer.constant(bias)]
    convolved = writer.node("Conv", inputs, pads=[before, width - 1 - before])
    return writer.node("Transpose", [convolved], perm=[0, 2, 1])


def _bidirectional_lstm(
    writer: GraphWriter, layer: Any, x: Any, mask: Any = None, **_call: Any
) -> str:
    cells = (layer.forward_layer, layer.backward_layer)
    demand(layer, merge_mode=layer.merge_mode == "concat")
    for lstm in cells:
        demand(
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


def _lengths(writer: GraphWriter, mask: Any) -> str:
    """Return the numbers of frames that are no padding; ONNX has no other mask for an LSTM."""
    if mask is None:
        return ""  # all frames of all rows
    ones = writer.node("Cast", [writer.value(mask)], to=TensorProto.INT32)
    return writer.node("ReduceSum", [ones, writer.constant([1])], keepdims=0)


def _attention_pooling(writer: GraphWriter, layer: Any, tensors: list[Any]) -> str:
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


def _concatenate(writer: GraphWriter, layer: Any, tensors: list[Any]) -> str:
    demand(layer, axis=layer.axis == -1)
    return writer.node("Concat", [writer.value(tensor) for tensor in tensors], axis=-1)


def _geometric_mean(writer: GraphWriter, _layer: Any, tensors: list[Any]) -> str:
    """Write `ser.network.statistics_model.GeometricMean.call`."""
    floor = writer.constant(np.float32(1e-7))
    logarithms = [
        writer.node("Log", [writer.node("Max", [writer.value(tensor), floor])])
        for tensor in tensors
    ]
    return writer.node("Softmax", [writer.node("Mean", logarithms)], axis=-1)


def _frame_pooling(writer: GraphWriter, layer: Any, tensors: list[Any]) -> str:
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


def _dense(writer: GraphWriter, layer: Any, x: Any) -> str:
    return _affine(writer, layer, writer.value(x))


def _affine(writer: GraphWriter, layer: Any, name: str) -> str:
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
    "UtteranceStatistics": utterance_statistics,
    "VoiceStatistics": voice_statistics,
    "Concatenate": _concatenate,
    "GeometricMean": _geometric_mean,
}
