"""Networks that already know ImageNet: their weights, the input they want, their features, their answers.

    backbone = load_backbone("torch")                # or "keras": the same network, equal outputs
    probabilities = backbone.probabilities(photos)   # uint8 (n, height, width, 3) -> (n, 1000)
    top_classes(probabilities)                       # five (name, probability) for each photo
    features = backbone.features(images, size=96)    # (n, 1280): what a new classifier can learn from

The weights of EfficientNet-Lite0 to 2 (Tan and Le 2019) and of VGG19's convolutions (Simonyan and Zisserman 2015)
are fetched by the set-up and need no network later: see `course_lib.weights`. The networks of `keras.applications`
load through the same call; Keras downloads their weights once. Networks that paint are in `stylisation`.
"""

from course_lib.pretrained.backbone import Backbone
from course_lib.pretrained.classes import class_names, top_classes
from course_lib.pretrained.efficientnet_lite import LITE0
from course_lib.pretrained.images import Images, resize
from course_lib.pretrained.load import load_backbone
from course_lib.weights.record import WeightsError

__all__ = ["LITE0", "Backbone", "Images", "WeightsError", "class_names", "load_backbone", "resize", "top_classes"]
