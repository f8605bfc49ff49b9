"""The class kit: assignments, their grading, a challenge, and slides, for those who teach."""
