"""Where notebooks that were handed out look for their data: each lab keeps its own beside its declarations."""

from course_lib.exercises.lab_02_hidden_layer.points import goal, points
from course_lib.exercises.lab_04_workflow.bank import Bank, bank

__all__ = ["Bank", "bank", "goal", "points"]
