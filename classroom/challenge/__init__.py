"""The challenge: which of three instruments is off, and a leaderboard without a server."""
