"""The same network in Keras and in PyTorch: copy its weights, and see how far the two agree.

    copy_weights(keras_model, torch_model)                  # or the other way round
    compare_outputs(keras_model, torch_model, x)            # inference
    compare_gradients(keras_model, torch_model, x, y)       # training mode, cross-entropy
    compare_step(keras_model, torch_model, x, y, keras_optimiser, torch_optimiser)

Layers are matched in the order of the forward pass, and everything on the way must be the same: strides, padding,
activations, pooling, branches. What cannot be proved equal is refused, with a sentence: a ParityError.
Images x are (n, height, width, channels), as Keras has them; PyTorch gets them with the channels first.
"""

from course_lib.parity.compare import Comparison, compare_gradients, compare_outputs, compare_step
from course_lib.parity.copying import copy_weights
from course_lib.parity.match import ParityError
from course_lib.parity.pairs import arrays_of, keras_layers, layouts

__all__ = [
    "Comparison", "ParityError", "arrays_of", "compare_gradients", "compare_outputs", "compare_step", "copy_weights",
    "keras_layers", "layouts",
]  # fmt: skip
