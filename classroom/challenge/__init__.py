"""The challenge: which of three instruments is off, and a leaderboard without a server."""

from classroom.challenge.commands import add_arguments, main

__all__ = ["add_arguments", "main"]
