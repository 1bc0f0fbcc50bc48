"""Networks that paint in another style in one pass: Dumoulin et al. (2017), Ghiasi et al. (2017).

    model = styliser(STYLISE_26)               # photos (n, 3, height, width) and codes (n, 26) -> paintings
    model = styliser(STYLISE_ANY)              # the same with codes (n, 100)
    encoder = style_encoder(STYLISE_ANY.code)  # pictures (n, 3, 256, 256) -> codes (n, 100)

Images are float32, RGB, 0 to 1; a height or width that is no multiple of four is rounded up to one.
The discovery of the first paper is in `StyleNorm`: the same convolutions paint every style. A style is no more than a
scale and a shift for each channel, and they are linear in the code, so that styles can be mixed.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from course_lib.architectures import mobilenet_v2
from course_lib.architectures.stylisation import Styliser
from course_lib.torch_nets.efficientnet_lite import Block, Features, conv_bn

Activation = Callable[[torch.Tensor], torch.Tensor]


class StyleNorm(nn.Module):
    """Each channel of each image to mean 0 and variance 1, then to the scale and shift that the style asks for."""

    def __init__(self, n_code: int, channels: int):
        super().__init__()
        self.scale, self.shift = nn.Linear(n_code, channels), nn.Linear(n_code, channels)

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        scale, shift = (part(code)[:, :, None, None] for part in (self.scale, self.shift))
        return F.instance_norm(x, eps=1e-5) * scale + shift


class Layer(nn.Module):
    """A convolution behind a border of mirrored pixels, normalised by the style if there is a code.

    Without a code it has a bias, and the activation follows at once.
    """

    def __init__(
        self, n_in: int, n_out: int, kernel: int, stride: int = 1, n_code: int = 0, activation: Activation = torch.relu
    ):
        super().__init__()
        self.border = nn.ReflectionPad2d(kernel // 2)
        self.conv = nn.Conv2d(n_in, n_out, kernel, stride, bias=not n_code)
        self.norm = StyleNorm(n_code, n_out) if n_code else None
        self.activation = activation

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        x = self.conv(self.border(x))
        return self.activation(x if self.norm is None else self.norm(x, code))


class Residual(nn.Module):
    """Two layers beside a shortcut, without an activation at the end."""

    def __init__(self, channels: int, n_code: int):
        super().__init__()
        self.first = Layer(channels, channels, 3, n_code=n_code)
        self.second = Layer(channels, channels, 3, n_code=n_code, activation=nn.Identity())

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        return x + self.second(self.first(x, code), code)


class Doubled(nn.Module):
    """Each pixel four times, then a layer: unlike a transposed convolution it leaves no chequered pattern."""

    def __init__(self, layer: Layer):
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        return self.layer(F.interpolate(x, scale_factor=2.0, mode="nearest"), code)


class StyleNetwork(nn.Module):
    """Photos (n, 3, height, width) and codes (n, n_code) -> paintings, from 0 to 1."""

    def __init__(self, contract: list[Layer], residual: list[Residual], expand: list[nn.Module]):
        super().__init__()
        self.contract, self.residual = nn.ModuleList(contract), nn.ModuleList(residual)
        self.expand = nn.ModuleList(expand)

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        for part in (*self.contract, *self.residual, *self.expand):
            x = part(x, code)
        return x


def styliser(table: Styliser) -> StyleNetwork:
    """The network with new weights: 167,094 parameters for STYLISE_26, 177,718 for STYLISE_ANY."""
    first, second, third = table.contract
    n_code = table.code if table.styled_contraction else 0
    contract = [
        Layer(3, first, 9, n_code=n_code),
        Layer(first, second, 3, 2, n_code=n_code),
        Layer(second, third, 3, 2, n_code=n_code),
    ]
    residual = [Residual(third, table.code) for _ in range(table.n_residual)]
    wide, narrow, colours = table.expand
    expand = [
        Doubled(Layer(third, wide, 3, n_code=table.code)),
        Doubled(Layer(wide, narrow, 3, n_code=table.code)),
        Layer(narrow, colours, 9, n_code=table.code, activation=torch.sigmoid),
    ]
    return StyleNetwork(contract, residual, expand)


def style_encoder(n_code: int) -> nn.Sequential:
    """Pictures (n, 3, height, width) -> codes (n, n_code): MobileNetV2 with a dense layer behind its means."""
    blocks, n_in = nn.ModuleList(), mobilenet_v2.STEM
    for stride, expansion, n_out in mobilenet_v2.BLOCKS:
        blocks.append(Block(n_in, n_out, 3, stride, expansion))
        n_in = n_out
    stem = nn.Sequential(*conv_bn(3, mobilenet_v2.STEM, 3, 2), nn.ReLU6())
    head = nn.Sequential(*conv_bn(n_in, mobilenet_v2.HEAD, 1), nn.ReLU6())
    return nn.Sequential(Features(stem, blocks, head), nn.Linear(mobilenet_v2.HEAD, n_code))
