#!/usr/bin/env bash
# See the study run: an invented registry, delivered, taken in, and studied on the embedded engine.
# Usage: scripts/demo.sh [PEOPLE]     (200000 when not given)
set -euo pipefail
source "$(dirname "$0")/setup.sh"

people="${1:-200000}"
demo="$project/demo/$people"
ensure_venv embedded
ldn="$venv/bin/ldn"

mkdir -p "$demo"
say "1/3  a registry of $people people, as it would be delivered"
"$ldn" simulate "$demo/delivery" --people "$people" --seed 1 --engine sail >/dev/null
say "2/3  the delivery into a lake"
"$ldn" ingest "$demo/delivery" --source "$project/conf/sources/norpd.yaml" --lake "$demo/lake" --engine sail
say "3/3  the study conf/studies/ldn_2013.yaml"
run="$("$ldn" run "$project/conf/studies/ldn_2013.yaml" --lake "$demo/lake" --out "$demo/results" --engine sail | tail -n 1)"
"$ldn" show "$run"
cat <<END
The truth that was planted:  $demo/delivery/truth.json
The report:                  $run/report.html
The figures:                 $run/figures/
The tables:                  $run/tables/
Every number in full:        $run/estimates.csv
END
