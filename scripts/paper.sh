#!/usr/bin/env bash
# Raknes & Småbrekke 2019, reproduced: every printed number beside the computed one.
#
# A registry is built whose study must print the paper's tables, delivered as files, taken in and
# studied like any other; what cannot be reproduced is named with the proof. Nothing is fetched but
# Python's libraries; no Java is needed.
# Usage: scripts/paper.sh [PEOPLE]     (people in the registry around the 11,247; 100000)
set -euo pipefail
source "$(dirname "$0")/setup.sh"

people="${1:-100000}"
work="$project/demo/paper-$people"
published="$project/conf/studies/ldn_2013_published.csv"
ensure_venv embedded
ldn="$venv/bin/ldn"

mkdir -p "$work"
say "1/3  a registry of $people people that prints the paper's tables"
"$ldn" simulate "$work/delivery" --published "$published" --people "$people" --seed 1 --engine sail >/dev/null
say "2/3  the delivery into a lake"
"$ldn" ingest "$work/delivery" --lake "$work/lake" --engine sail >/dev/null
say "3/3  the study, and the paper beside it"
run="$("$ldn" run ldn_2013 --lake "$work/lake" --out "$work/results" --published "$published" --engine sail | tail -n 1)"
"$ldn" show "$run"
"$ldn" compare "$run" --published "$published"
"$ldn" audit "$published" --study ldn_2013 --out "$work/audit"
cat <<END
The report, the comparison in it:  $run/report.html
Every value and verdict:           $run/compare.csv
What the paper contradicts itself: $work/audit/audit.html
END
