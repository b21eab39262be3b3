"""The tests. One thread each for numerical libraries, which read this when they are loaded: on a busy machine a second
thread makes small work many times slower."""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
