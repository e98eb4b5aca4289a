#!/usr/bin/env bash
# Makes bench/.venv with what bench/requirements.txt names. Once; `npm run bench` finds it there.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet --requirement requirements.txt
.venv/bin/python -c 'import torch; print("PyTorch", torch.__version__)'
