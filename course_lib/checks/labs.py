"""Every lab by name.

Import statements, not names in strings: the cache of executed pages reads imports from the source.
"""

from collections.abc import Callable


def _activations() -> list:
    from course_lib.checks import lab_02_activations

    return lab_02_activations.EXERCISES


def _one_neuron() -> list:
    from course_lib.checks import lab_02_one_neuron

    return lab_02_one_neuron.EXERCISES


def _hidden_layer() -> list:
    from course_lib.checks import lab_02_hidden_layer

    return lab_02_hidden_layer.EXERCISES


def _workflow() -> list:
    from course_lib.checks import lab_04_workflow

    return lab_04_workflow.EXERCISES


def _pytorch() -> list:
    from course_lib.checks import lab_05_pytorch

    return lab_05_pytorch.EXERCISES


def _side_by_side() -> list:
    from course_lib.checks import lab_05_side_by_side

    return lab_05_side_by_side.EXERCISES


LABS: dict[str, Callable[[], list]] = {
    "02_activations": _activations,
    "02_one_neuron": _one_neuron,
    "02_hidden_layer": _hidden_layer,
    "04_workflow": _workflow,
    "05_pytorch": _pytorch,
    "05_side_by_side": _side_by_side,
}
