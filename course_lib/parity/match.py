"""Two forward passes side by side: the same operations, with the same settings, in the same places."""

from typing import Any

from course_lib.graphs.graph import SAME, UNKNOWN, Graph, Op

WINDOWS = ("conv", "max pool", "mean pool")
WINDOW_SETTINGS = ("padding", "ceil_mode", "counts_zeros")  # compared by what they do to an image of this size
Places = list[tuple[int, int]]


class ParityError(ValueError):
    """The two networks are not the same, or nobody can tell; the text names the first layer in which they differ."""


def matched(ours: Graph, theirs: Graph) -> list[tuple[Op, Op]]:
    """The operations of both, side by side, without dropout, which does nothing in inference. ParityError otherwise."""
    ours, theirs = ours.without(["dropout"]), theirs.without(["dropout"])
    left, right = ours.forward(), theirs.forward()
    check_ends(ours, theirs)
    places = [{id(op): number for number, op in enumerate(order)} for order in (left, right)]
    for our, their in zip(left, right, strict=False):
        check_known("Keras'", our)
        check_known("PyTorch's", their)
        where = together(our, their)
        if our.kind != their.kind:
            raise ParityError(
                f"{where} are different kinds of layers: {our.kind} and {their.kind}; "
                "build both networks in the same order"
            )
        if [places[0][id(op)] for op in our.inputs] != [places[1][id(op)] for op in their.inputs]:
            raise ParityError(f"{where} get their inputs from different layers; connect both networks alike")
        check_settings(where, our, their)
    if len(left) != len(right):
        longer, rest = ("Keras", left) if len(left) > len(right) else ("PyTorch", right)
        extra = rest[min(len(left), len(right))]
        check_known(f"{longer}'s".replace("s's", "s'"), extra)
        raise ParityError(
            f"Keras has {len(left)} operations and PyTorch {len(right)}: "
            f"{extra.name!r} of {longer} has no partner; build both networks alike"
        )
    return list(zip(left, right, strict=True))


def check_ends(ours: Graph, theirs: Graph) -> None:
    for what in ("inputs", "outputs"):
        counts = len(getattr(ours, what)), len(getattr(theirs, what))
        if counts[0] != counts[1]:
            raise ParityError(f"Keras has {counts[0]} {what} and PyTorch {counts[1]}; give both as many")


def check_known(whose: str, op: Op) -> None:
    if op.kind == UNKNOWN:
        what = f"{whose} {op.name!r} is a {op.type_name}"
        if op.layer is not None:
            raise ParityError(f"{what}, whose weights cannot be copied yet")
        raise ParityError(f"{what}, of which it cannot be proved that the other network does the same")


def together(our: Op, their: Op) -> str:
    return f"Keras' {our.name!r} ({our.type_name}) and PyTorch's {their.name!r} ({their.type_name})"


def check_settings(where: str, our: Op, their: Op) -> None:
    for setting, value in our.settings.items():
        other = their.settings.get(setting)
        if setting == "axis":  # ours are PyTorch's two names of it
            equal = other in value
        elif our.kind in WINDOWS and setting in WINDOW_SETTINGS:
            continue
        else:
            equal = other == value
        if not equal:
            raise ParityError(f"{where} have unequal {setting}: {value} and {other}; make them equal")
    if our.kind in WINDOWS:
        check_windows(where, our, their)
    if our.kind == "dense" and len(our.inputs[0].shape or ()) == 3:
        raise ParityError(f"{where} are dense layers of images, which each framework applies to another axis")


def check_windows(where: str, our: Op, their: Op) -> None:
    """Whether the windows of a convolution or a pooling lie on the same pixels."""
    if their.settings.get("counts_zeros"):
        raise ParityError(f"{where} are unequal: PyTorch's mean counts the zeros around the image, and Keras' does not")
    size = (our.inputs[0].shape or (None, None, None))[:2]
    paddings = our.settings["padding"], their.settings["padding"]
    for axis, side in enumerate(size):
        first, second = (window(op.settings, axis, side) for op in (our, their))
        if first == second:
            continue
        ceil = their.settings.get("ceil_mode", False)
        if paddings[0] != paddings[1]:
            text = f"have unequal padding: {paddings[0]} and {paddings[1]} (top, bottom, left, right)"
        else:
            text = f"have unequal ceil_mode: False and {ceil}"
        open_size = ", and the size of the image is open" if side is None else ""
        raise ParityError(f"{where} {text}{open_size}; make them equal")


def window(settings: dict[str, Any], axis: int, side: int | None) -> Any:
    """Where the windows lie along one axis: the pixels before the image, and the number of windows.

    For an image of any size, where `side` is None, what is laid before it and behind it, or SAME where that varies.
    """
    kernel, stride, dilation = (settings[name][axis] for name in ("kernel", "stride", "dilation"))
    reach, padding = (kernel - 1) * dilation + 1, settings["padding"]
    if padding == SAME:
        if side is None and stride > 1:
            return SAME
        zeros = reach - 1 if side is None else max((-(-side // stride) - 1) * stride + reach - side, 0)
        before, behind = zeros // 2, zeros - zeros // 2
    else:
        before, behind = padding[2 * axis : 2 * axis + 2]
    if side is None:
        return before, behind, settings.get("ceil_mode", False) and stride > 1
    free = side + before + behind - reach
    n_windows = free // stride + 1
    if settings.get("ceil_mode") and free % stride and n_windows * stride < side + before:
        n_windows += 1  # a last window that hangs over, if it begins on the image or on the zeros before it
    return before, n_windows
