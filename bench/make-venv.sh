#!/usr/bin/env bash
# Makes bench/.venv with what bench/requirements.txt names, or brings it up to that. `npm run bench:training` finds it there.
set -euo pipefail
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/pip install --quiet --requirement requirements.txt
.venv/bin/python -c 'import jax, keras, torch; print("PyTorch", torch.__version__, "JAX", jax.__version__, "Keras", keras.__version__)'
