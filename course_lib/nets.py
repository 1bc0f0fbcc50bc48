"""All networks of the two rooms, by name: for tests and benchmarks, which run over this list. No page imports it.

    NETS["mnist_cnn"].build("keras"), NETS["mnist_cnn"].build("torch", dropout=False)

A network that stands here is tested: its parameters and shapes, and that its twins say and learn the same. A builder
that does not stand here fails a test. Only the framework that is asked for is imported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from course_lib.architectures import efficientnet_lite, growing_cnn, mini_vggnet, mlp, mnist_cnn, small_cnn, vgg


def keras_builders() -> dict[str, Callable]:
    """All builders of `keras_nets` by name."""
    from course_lib.keras_nets.efficientnet_lite import efficientnet_lite0, efficientnet_lite1, efficientnet_lite2
    from course_lib.keras_nets.growing_cnn import growing_cnn
    from course_lib.keras_nets.mini_vggnet import mini_vggnet
    from course_lib.keras_nets.mlp import mlp
    from course_lib.keras_nets.mnist_cnn import mnist_cnn
    from course_lib.keras_nets.small_cnn import small_cnn
    from course_lib.keras_nets.vgg import vgg, vgg16

    return by_name(
        efficientnet_lite0, efficientnet_lite1, efficientnet_lite2, growing_cnn, mini_vggnet, mlp, mnist_cnn,
        small_cnn, vgg, vgg16,
    )  # fmt: skip


def torch_builders() -> dict[str, Callable]:
    """All builders of `torch_nets` by name."""
    from course_lib.torch_nets.efficientnet_lite import efficientnet_lite0, efficientnet_lite1, efficientnet_lite2
    from course_lib.torch_nets.growing_cnn import growing_cnn
    from course_lib.torch_nets.mini_vggnet import mini_vggnet
    from course_lib.torch_nets.mlp import mlp
    from course_lib.torch_nets.mnist_cnn import mnist_cnn
    from course_lib.torch_nets.small_cnn import small_cnn
    from course_lib.torch_nets.vgg import vgg, vgg16

    return by_name(
        efficientnet_lite0, efficientnet_lite1, efficientnet_lite2, growing_cnn, mini_vggnet, mlp, mnist_cnn,
        small_cnn, vgg, vgg16,
    )  # fmt: skip


def by_name(*builders: Callable) -> dict[str, Callable]:
    return {builder.__name__: builder for builder in builders}


BUILDERS = {"keras": keras_builders, "torch": torch_builders}


@dataclass(frozen=True)
class Net:
    """A network that both rooms build.

    builder      the name of its function in both rooms
    table        the module of its widths and depths
    shape        of an example: (features,), or (height, width, channels)
    parameters   trainable, as its source or a count by hand says
    page         the page that introduces it, as chapter/name
    statistics   running means and variances, which Keras counts as parameters and PyTorch does not
    arguments    of both builders
    """

    builder: str
    table: ModuleType
    shape: tuple[int, ...]
    parameters: int
    page: str
    statistics: int = 0
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def build(self, framework: str, **more: Any) -> Any:
        """The network with new weights in "keras" or "torch"; `more` are further arguments of its builder."""
        return BUILDERS[framework]()[self.builder](**self.arguments, **more)


DIGIT, IMAGE = (28, 28, 1), (32, 32, 3)
GROWING, LITE = "04_workflow/growing_a_cnn", "04_workflow/pretrained_network"
VGG, TWICE = "05_frameworks/transfer_learning", "05_frameworks/the_same_cnn_twice"

NETS = {
    "mlp": Net("mlp", mlp, (784,), 235_146, "03_origins/mnist_on_devices"),
    "mlp 128-64": Net("mlp", mlp, (784,), 109_386, "05_frameworks/mnist_in_pytorch", arguments={"hidden": (128, 64)}),
    "mnist_cnn": Net("mnist_cnn", mnist_cnn, DIGIT, 1_199_882, "03_origins/regression_and_classification"),
    "small_cnn": Net("small_cnn", small_cnn, IMAGE, 225_610, TWICE),
    "mini_vggnet": Net("mini_vggnet", mini_vggnet, IMAGE, 2_169_770, TWICE, 1_408),
    "growing_cnn 1": Net("growing_cnn", growing_cnn, IMAGE, 1_060_138, GROWING, arguments={"step": 1}),
    "growing_cnn 2": Net("growing_cnn", growing_cnn, IMAGE, 591_274, GROWING, arguments={"step": 2}),
    "growing_cnn 3": Net("growing_cnn", growing_cnn, IMAGE, 550_570, GROWING, arguments={"step": 3}),
    "growing_cnn 4": Net("growing_cnn", growing_cnn, IMAGE, 550_570, GROWING, arguments={"step": 4}),
    "growing_cnn 5": Net("growing_cnn", growing_cnn, IMAGE, 551_466, GROWING, 896, {"step": 5}),
    "vgg11": Net("vgg", vgg, IMAGE, 9_220_480 + 5_130, VGG, arguments={"n_layers": 11}),
    "vgg16": Net("vgg16", vgg, IMAGE, 14_714_688 + 5_130, VGG),
    "vgg19": Net("vgg", vgg, IMAGE, 20_024_384 + 5_130, VGG, arguments={"n_layers": 19}),
    "efficientnet_lite0": Net("efficientnet_lite0", efficientnet_lite, (64, 64, 3), 4_652_008, LITE, 42_016),
    "efficientnet_lite1": Net("efficientnet_lite1", efficientnet_lite, (64, 64, 3), 5_416_680, LITE, 53_664),
    "efficientnet_lite2": Net("efficientnet_lite2", efficientnet_lite, (64, 64, 3), 6_092_072, LITE, 58_096),
}
