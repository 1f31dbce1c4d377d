#!/bin/sh
# Makes a virtual environment and installs shapespace with all its tools: install.sh PYTHON VENV
# One line a step; the whole output of a step only if it fails.
set -eu
python=$1
venv=$2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() { # step TITLE COMMAND...: the title, the command in silence, its output if it fails
  title=$1
  shift
  printf '%s ...' "$title"
  start=$(date +%s)
  if "$@" >"$log" 2>&1; then
    printf ' %ss\n' "$(($(date +%s) - start))"
  else
    printf ' failed\n'
    cat "$log" >&2
    return 1
  fi
}

attempt() { # attempt COMMAND...: succeeds or fails in silence
  "$@" >>"$log" 2>&1
}

has_gpu() {
  command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -q GPU
}

# The CPU build is 190 MB where the CUDA build is several GB. pip finds it where a wheel lies in its
# --find-links folder; otherwise uv knows where PyTorch keeps it.
install_cpu_torch() {
  : >"$log"
  attempt "$venv/bin/pip" install --quiet 'torch==2.13.0+cpu' && return
  attempt "$venv/bin/pip" install --quiet uv &&
    attempt "$venv/bin/uv" pip install --python "$venv/bin/python" --torch-backend=cpu 'torch>=2.11' && return
  "$venv/bin/pip" install --quiet 'torch>=2.11'
}

install_torch() {
  if "$venv/bin/python" -c 'import torch' 2>/dev/null; then
    return
  elif [ "$(uname)" = Linux ] && ! has_gpu; then
    install_cpu_torch
  else
    "$venv/bin/pip" install --quiet 'torch>=2.11'
  fi
}

if ! "$python" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "error: shapespace needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11" >&2
  exit 1
fi
[ -x "$venv/bin/pip" ] || step "making $venv with $("$python" --version)" "$python" -m venv "$venv"
step "installing torch" install_torch
step "installing shapespace" "$venv/bin/pip" install --quiet -e '.[dev,docs]'
