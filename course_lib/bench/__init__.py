"""Measurements: each module races two ways to do the same thing and prints a table."""
