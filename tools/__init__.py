"""Scripts for maintainers: run them from the root as `python -m tools.NAME`."""
