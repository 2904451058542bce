#!/usr/bin/env bash
# The tests on both engines, the style, the layers and the types; sets up all it needs by itself.
# Usage: scripts/test.sh [PYTEST ARGUMENT ...]      --nightly: also what takes long on Spark
#
# Without arguments two processes share the work: tests of the embedded engine, followed by those that
# compare the engines, run beside those that need no engine, followed by those on Spark. The lines and branches that tests without an engine run
# are counted, and may not be fewer than `least_covered` per cent.
set -euo pipefail
source "$(dirname "$0")/setup.sh"

ensure_venv embedded,test
ensure_java
cd "$project"
"$venv/bin/ruff" check .
"$venv/bin/ruff" format --check .
"$venv/bin/lint-imports"
"$venv/bin/mypy"
python="$venv/bin/python"

# Delta's jars are fetched before tests leave the network, and before two processes need them
if [ -z "${LDN_JARS:-}" ] && ! ls "$HOME"/.ivy2.5.2/jars/io.delta_delta-spark_*.jar >/dev/null 2>&1; then
  say "fetching Delta's jars"
  "$python" -c 'from ldn_spark.engine.sessions import open_engine
with open_engine("spark"):
    pass'
fi
if [ $# -gt 0 ]; then exec "$python" -m pytest "$@"; fi

said="$(mktemp -d)"
trap 'rm -rf "$said"' EXIT
engines=(tests/acceptance tests/generative tests/integration tests/spec)
least_covered=80
both=tests/acceptance/test_same_bytes.py # compares the engines, so it needs them in one process

tests() { "$python" "${measured[@]}" -m pytest -p no:cacheprovider "$@"; }
measured=()

{
  beside_failed=0
  # measured code cannot be sent to an engine's workers
  measured=(-m slipcover --branch --source ldn_spark --skip-covered --fail-under "$least_covered")
  tests tests/unit ldn_spark || beside_failed=$?
  measured=()
  tests --engine spark --engine-tests-only "${engines[@]}" --ignore "$both" || beside_failed=$?
  exit "$beside_failed"
} >"$said/beside" 2>&1 &
beside=$!
failed=0
tests --engine sail "${engines[@]}" --ignore "$both" || failed=$?
tests "$both" || failed=$?
wait "$beside" || failed=$?
cat "$said/beside"
exit "$failed"
