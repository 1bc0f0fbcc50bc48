"""The engine of marking. It is told what to mark: exercises are declared in `course_lib.exercises`."""
