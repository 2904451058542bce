#!/usr/bin/env bash
# Every test on both engines, the style and the layers; sets up all it needs by itself.
# Usage: scripts/test.sh [PYTEST ARGUMENT ...]
set -euo pipefail
source "$(dirname "$0")/setup.sh"

ensure_venv embedded,test
ensure_java
cd "$project"
"$venv/bin/ruff" check .
"$venv/bin/ruff" format --check .
"$venv/bin/lint-imports"
exec "$venv/bin/python" -m pytest --cov --cov-report=term "$@"
