"""What holds for every test."""

import os

# As `make test` sets it, and before torch reads it: two processes, one thread each.
os.environ.setdefault("OMP_NUM_THREADS", "1")
