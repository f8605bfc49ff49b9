"""Right and wrong answers to every exercise, to show that the checks can tell them apart."""
