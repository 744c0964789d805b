"""An ONNX graph while it is written: operators, weights, and how far the Keras model is walked."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

EMBEDDING_LAYER = "dense"  # the last hidden layer of `ser.network.model.build_model`
OPERATORS = {"relu": "Relu", "softmax": "Softmax", "tanh": "Tanh", "sigmoid": "Sigmoid"}


class GraphWriter:
    """Nodes and weights so far, and the name in the graph of every Keras tensor seen.

    Parameters
    ----------
    layer_writers
        For each kind of Keras layer what writes one: it gets this object, the layer, and what the
        layer was called with, and returns the name of its output.
    """

    def __init__(self, layer_writers: Mapping[str, Callable[..., str]]) -> None:
        self.layer_writers = layer_writers
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
            if kind not in self.layer_writers:
                raise ValueError(f"layer {operation.name!r}: {kind} cannot be exported to ONNX yet")
            write = self.layer_writers[kind]
            name = write(self, operation, *arguments.args, **arguments.kwargs)
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
        demand(layer, activation=activation in OPERATORS)
        return self.node(OPERATORS[activation], [name])


def demand(layer: Any, **conditions: bool) -> None:
    """Refuse a layer with a setting that this export does not know."""
    for setting, known in conditions.items():
        if not known:
            raise ValueError(
                f"layer {layer.name!r}: {type(layer).__name__} with this {setting} cannot be "
                "exported to ONNX yet"
            )
