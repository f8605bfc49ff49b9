"""The class kit: what a teacher needs and students do not get."""
