"""Data whose information is known, because we put it there."""
