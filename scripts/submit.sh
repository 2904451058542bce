#!/usr/bin/env bash
# Run a study, or one stage of it, by spark-submit.
#
#   scripts/submit.sh ldn_2013 --lake /data/lake --out /data/results
#   scripts/submit.sh --job ingest /data/delivery --source norpd --lake /data/lake
#   scripts/submit.sh --master yarn --place yarn ldn_2013 --lake hdfs/lake --out /data/results
#
#   --job NAME      study (all stages, the default), simulate, ingest, cohort, measure, summarise,
#                   publish, quality: a file in jobs/
#   --master URL    local[*] (the default), spark://host:7077, yarn, k8s://...
#   --place NAME    settings in conf/spark/NAME.conf; default: local for local[...], else cluster
#   --conf K=V      one more Spark setting; may be repeated
# Everything else goes to the job; `scripts/submit.sh --job NAME --help` lists it.
#
# SPARK_HOME is used when set, else the Spark of the virtual environment. LDN_JARS names a folder
# with the seven Delta jars, for machines without a way to Maven.
set -euo pipefail
source "$(dirname "$0")/setup.sh"

job=study master='local[*]' place='' extra=() rest=()
while [ $# -gt 0 ]; do
  case "$1" in
    --job) job="$2"; shift 2 ;;
    --master) master="$2"; shift 2 ;;
    --place) place="$2"; shift 2 ;;
    --conf) extra+=(--conf "$2"); shift 2 ;;
    *) rest+=("$1"); shift ;;
  esac
done
script="$project/jobs/$job.py"
[ -f "$script" ] || { say "error: there is no job '$job'; known: $(cd "$project/jobs" && ls *.py | sed 's/\.py$//' | tr '\n' ' ')"; exit 2; }
if [ -z "$place" ]; then
  case "$master" in local*) place=local ;; *) place=cluster ;; esac
fi
settings="$project/conf/spark/$place.conf"
[ -f "$settings" ] || { say "error: there is no $settings"; exit 2; }

if [ -z "${SPARK_HOME:-}" ]; then
  ensure_venv embedded
  ensure_java
  SPARK_HOME="$("$venv/bin/python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')"
  export SPARK_HOME PYSPARK_PYTHON="${PYSPARK_PYTHON:-$venv/bin/python}"
fi

# the package and its settings, as they are now, for the driver and for every executor
build="$(mktemp -d)"
trap 'rm -rf "$build"' EXIT
"${PYSPARK_PYTHON:-python3}" - "$project" "$build" <<'PYTHON'
import pathlib, sys, zipfile
project, build = map(pathlib.Path, sys.argv[1:])
for name, root in (("ldn_spark.zip", "ldn_spark"), ("conf.zip", "conf")):
    base = project if root == "ldn_spark" else project / root
    with zipfile.ZipFile(build / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((project / root).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(base))
PYTHON

if [ -n "${LDN_JARS:-}" ]; then
  delta=(--jars "$(ls "$LDN_JARS"/*.jar | paste -sd, -)")
else
  delta=(--packages io.delta:delta-spark_4.2_2.13:4.4.0)
fi

# what is written is for its owner alone, or for the group too; the JVM is there before the job is
rights=077
for word in "${rest[@]}"; do [ "$word" = --share-group ] && rights=027; done
umask "$rights"

export LDN_CONF="${LDN_CONF:-$project/conf}" TZ=UTC
"$SPARK_HOME/bin/spark-submit" \
  --master "$master" \
  --name "ldn: $job" \
  --properties-file "$settings" \
  "${delta[@]}" \
  --py-files "$build/ldn_spark.zip" \
  --archives "$build/conf.zip#conf" \
  --conf spark.yarn.appMasterEnv.LDN_CONF=conf \
  --conf "spark.hadoop.fs.permissions.umask-mode=$rights" \
  "${extra[@]}" \
  "$script" "${rest[@]}"
