"""The faces: page, HTTP API and command line, thin views of one value, `rag.types.Answer`."""

import os

# A question multiplies small matrices; threads of the linear algebra library only get in each other's way there.
# Read when numpy is first imported, so it is set before anything else of the program is.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
