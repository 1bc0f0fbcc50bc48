"""A network with its weights, and the one right way to feed it, whatever its family and framework."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.pretrained.images import Images, resize


@dataclass(frozen=True, eq=False)
class Backbone:
    """A network with its weights, and the one right way to feed it.

    model       the network, to look into, to adapt, to train: torch.nn.Module or keras.Model
    classifies  whether it ends with ImageNet's 1,000 classes (`include_top` in keras.applications)

    The methods take photographs as uint8 RGB: an array (n, height, width, 3), or a list of arrays
    (height, width, 3) of any sizes. `size` is the side in pixels to which they are brought: the network's own
    by default. Smaller is faster, and a little worse. They leave `model` as it is, its mode included.
    """

    name: str
    framework: str
    model: Any
    classifies: bool = True

    @property
    def own_size(self) -> int:
        """The side of the images it was trained with."""
        return 224

    def scaled(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels from 0 to 255, float32 (n, side, side, 3), at the scale the network was trained with."""
        raise NotImplementedError

    def feature_network(self, blocks: Sequence[int]) -> Any:
        """What gives the features: the network without its classifier. ValueError where there is none."""
        raise NotImplementedError

    def preprocess(self, images: Images, size: int | None = None) -> np.ndarray:
        """What `model` takes: float32 (n, size, size, 3) in Keras, (n, 3, size, size) in PyTorch.

        That is the central square of each image (see `resize`) at the scale the network was trained with.
        """
        inputs = self.scaled(resize(images, self.own_size if size is None else size).astype(np.float32))
        return inputs.transpose(0, 3, 1, 2) if self.framework == "torch" else inputs

    def features(
        self, images: Images, size: int | None = None, blocks: Sequence[int] = (), batch_size: int = 64
    ) -> np.ndarray:
        """What a classifier would see: float32 (n, n_features), 1,280 in EfficientNet-Lite, 512 in VGG19.

        `blocks` puts the pooled outputs of some of EfficientNet-Lite's blocks before them: (11, 14) adds 2 x 192
        in Lite0. A network of keras.applications has to be loaded with include_top=False.
        """
        outputs = self._run(self.feature_network(blocks), images, size, batch_size)
        return outputs.mean((2, 3) if self.framework == "torch" else (1, 2)) if outputs.ndim == 4 else outputs

    def probabilities(self, images: Images, size: int | None = None, batch_size: int = 64) -> np.ndarray:
        """How the network spreads its belief over its classes: float32 (n, 1000), rows sum to 1."""
        if not self.classifies:
            raise ValueError(f"this {self.name} was loaded without its classifier: it has features but no classes")
        return self._run(self.model, images, size, batch_size)

    def _run(self, network: Any, images: Images, size: int | None, batch_size: int) -> np.ndarray:
        """Outputs in batches, so that only one batch at a time is large."""
        if len(images) == 0:
            raise ValueError("there are no images: the list is empty")
        run = torch_runner(network) if self.framework == "torch" else keras_runner(network)
        starts = range(0, len(images), batch_size)
        return np.concatenate([run(self.preprocess(images[start : start + batch_size], size)) for start in starts])


def torch_runner(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A function from inputs to outputs, both NumPy, of a copy of the network made for inference."""
    import torch

    from course_lib.torch_nets.efficientnet_lite import folded

    network: Any = folded(model)
    network = network.to(memory_format=torch.channels_last)
    device = next(network.parameters()).device

    def run(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(x).to(device)).cpu().numpy()

    return run


def keras_runner(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The same for Keras: a graph, but without XLA, whose compilation would take longer than the work."""
    import keras

    graph = keras.Model(network.inputs[0], network.outputs[0])  # shares the layers; `network` keeps its own settings
    graph.jit_compile = False
    return graph.predict_on_batch
