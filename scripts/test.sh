#!/usr/bin/env bash
# Every test on both engines, the style and the layers; sets up all it needs by itself.
# Usage: scripts/test.sh [PYTEST ARGUMENT ...]
#
# Without arguments two processes share the work: tests that need no engine of the session run
# beside those on the engines.
set -euo pipefail
source "$(dirname "$0")/setup.sh"

ensure_venv embedded,test
ensure_java
cd "$project"
"$venv/bin/ruff" check .
"$venv/bin/ruff" format --check .
"$venv/bin/lint-imports"
python="$venv/bin/python"
if [ $# -gt 0 ]; then exec "$python" -m pytest --cov --cov-report=term "$@"; fi

said="$(mktemp -d)"
trap 'rm -rf "$said"' EXIT
export COVERAGE_FILE="$said/coverage"
COVERAGE_FILE="$said/coverage.unit" "$python" -m pytest --cov --cov-report= tests/unit ldn_spark -p no:cacheprovider \
  >"$said/unit" 2>&1 &
beside=$!
failed=0
COVERAGE_FILE="$said/coverage.engines" "$python" -m pytest --cov --cov-report= \
  tests/acceptance tests/generative tests/integration tests/spec || failed=$?
wait "$beside" || failed=$?
cat "$said/unit"
"$python" -m coverage combine --quiet "$said"/coverage.*
"$python" -m coverage report
exit "$failed"
