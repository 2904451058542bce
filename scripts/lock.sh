#!/usr/bin/env bash
# Pin every library that scripts/setup.sh installs, with the hashes of its files: once a release,
# and after a change of the requirements in setup.cfg.
# Usage: scripts/lock.sh [--upgrade]     without it, what is pinned stays where it can
set -euo pipefail
cd "$(dirname "$0")/.."
tool="$(mktemp -d)"
trap 'rm -rf "$tool"' EXIT
"${PYTHON:-python3}" -m venv "$tool"
"$tool/bin/python" -m pip install --quiet --disable-pip-version-check uv

pin() {
  "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --custom-compile-command "scripts/lock.sh" --no-emit-index-url --no-emit-find-links "$@"
}

pin setup.cfg --extra embedded --extra build --constraints scripts/bounds.txt \
  --output-file scripts/constraints.txt "$@"
pin setup.cfg --extra embedded --extra build --extra test \
  --constraints scripts/constraints.txt --constraints scripts/bounds.txt \
  --output-file scripts/constraints-test.txt "$@"
