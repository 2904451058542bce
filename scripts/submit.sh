#!/usr/bin/env bash
# Run a study, or one stage of it, by spark-submit.
#
#   scripts/submit.sh ldn_2013 --lake /data/lake --out /data/results
#   scripts/submit.sh --job ingest /data/delivery --source norpd --lake s3://bucket/lake
#   scripts/submit.sh --master yarn --deploy-mode cluster ldn_2013 --lake hdfs://nn/lake --out hdfs://nn/out
#
#   --job NAME         study (all stages, the default), simulate, ingest, cohort, measure, summarise,
#                      publish, quality: a file in jobs/
#   --master URL       local[*] (the default), spark://host:7077, yarn, k8s://...
#   --deploy-mode MODE client (the driver here, the default) or cluster (YARN, Kubernetes)
#   --place NAME       settings in conf/spark/NAME.conf (or a file) over those of common.conf;
#                      default by master: local, standalone, yarn, kubernetes
#   --bundle FILE      package, jars and libraries from an archive of scripts/bundle.sh
#   --status PLACE     where the job says how it ended; default: beside the results of a study
#   --conf K=V         one more Spark setting; may be repeated
# Everything else goes to the job; `scripts/submit.sh --job NAME --help` lists it.
#
# SPARK_HOME is used when set, else the Spark of the virtual environment. LDN_JARS names a folder
# with the jars, for machines without a way to Maven. A standalone cluster needs its secret:
# LDN_SPARK_SECRET_FILE. Ctrl-C and SIGTERM end driver and executors. docs/cluster.md says the rest.
set -euo pipefail
source "$(dirname "$0")/setup.sh"

job=study master='local[*]' mode=client place='' bundle='' status='' extra=() rest=()
needs() { [ "$1" -gt 1 ] || { say "error: $2: needs a value; see the head of $0"; exit 2; }; }
while [ $# -gt 0 ]; do
  case "$1" in
    --job|--master|--deploy-mode|--place|--bundle|--status|--conf) needs $# "$1" ;;
  esac
  case "$1" in
    --job) job="$2"; shift 2 ;;
    --master) master="$2"; shift 2 ;;
    --deploy-mode) mode="$2"; shift 2 ;;
    --place) place="$2"; shift 2 ;;
    --bundle) bundle="$2"; shift 2 ;;
    --status) status="$2"; shift 2 ;;
    --conf) extra+=(--conf "$2"); shift 2 ;;
    *) rest+=("$1"); shift ;;
  esac
done
fail() { say "error: $*"; exit 2; }
script="$project/jobs/$job.py"
[ -f "$script" ] || fail "there is no job '$job'; known: $(cd "$project/jobs" && ls ./*.py | sed 's/^\.\///; s/\.py$//' | tr '\n' ' ')"
if [ -z "$place" ]; then
  case "$master" in
    local*) place=local ;;
    spark://*) place=standalone ;;
    yarn) place=yarn ;;
    k8s://*) place=kubernetes ;;
    *) fail "--master $master: is none of local[N], spark://…, yarn, k8s://…" ;;
  esac
fi
settings="$project/conf/spark/$place.conf"
[ -f "$place" ] && settings="$place"
[ -f "$settings" ] || fail "--place $place: there is no $settings; known: $(cd "$project/conf/spark" && ls ./*.conf | sed 's/^\.\///; s/\.conf$//' | grep -v '^common$' | tr '\n' ' ')"
case "$mode:$master" in
  client:*|cluster:yarn|cluster:k8s://*) ;;
  cluster:*) fail "--deploy-mode cluster: $master has none for Python; use client" ;;
  *) fail "--deploy-mode $mode: is neither client nor cluster" ;;
esac

# what a place needs and cannot make by itself, before Spark asks for it in a hundred lines
given() { printf '%s\n' "${extra[@]}" | grep -qE "^$1"; }
case "$place" in
  standalone)
    if given 'spark\.authenticate=false'; then
      extra+=(--conf spark.network.crypto.enabled=false --conf spark.io.encryption.enabled=false)
    elif [ -n "${LDN_SPARK_SECRET_FILE:-}" ] && [ ! -r "$LDN_SPARK_SECRET_FILE" ]; then
      fail "LDN_SPARK_SECRET_FILE=$LDN_SPARK_SECRET_FILE: there is no such file, or it cannot be read"
    elif [ -z "${LDN_SPARK_SECRET_FILE:-}" ] && ! given 'spark\.authenticate\.secret='; then
      fail "the cluster's secret is missing: set LDN_SPARK_SECRET_FILE to a file with the spark.authenticate.secret that master and workers were started with, or, in a network that you trust, say --conf spark.authenticate=false"
    fi ;;
  yarn)
    [ -n "${HADOOP_CONF_DIR:-}${YARN_CONF_DIR:-}" ] ||
      fail "--master yarn: HADOOP_CONF_DIR is not set; it names the folder with core-site.xml and yarn-site.xml" ;;
  kubernetes)
    [ -n "${LDN_IMAGE:-}" ] || given 'spark\.kubernetes\.container\.image=' ||
      fail "--master $master: the image is missing; make one by Containerfile and name it in LDN_IMAGE"
    [ -z "${LDN_IMAGE:-}" ] || extra+=(--conf "spark.kubernetes.container.image=$LDN_IMAGE") ;;
esac

build="$(mktemp -d)"
child=''
ended() { rm -rf "$build"; }
trap ended EXIT
if [ -n "$bundle" ]; then
  [ -f "$bundle" ] || fail "--bundle $bundle: no such file; scripts/bundle.sh makes one"
  mkdir "$build/bundle" && tar -xzf "$bundle" -C "$build/bundle"
  SPARK_HOME="${SPARK_HOME:-$("$build/bundle/bin/python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')}"
  LDN_JARS="$build/bundle/jars"
  export SPARK_HOME LDN_JARS PYSPARK_DRIVER_PYTHON="$build/bundle/bin/python" PYSPARK_PYTHON=./ldn/bin/python
  python="$build/bundle/bin/python"
elif [ -z "${SPARK_HOME:-}" ]; then
  ensure_venv embedded
  ensure_java
  SPARK_HOME="$("$venv/bin/python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')"
  export SPARK_HOME PYSPARK_PYTHON="${PYSPARK_PYTHON:-$venv/bin/python}"
fi
python="${python:-${PYSPARK_DRIVER_PYTHON:-${PYSPARK_PYTHON:-python3}}}"

# the package and its settings, as they are now, for the driver and for every executor
"$python" - "$project" "$build" <<'PYTHON'
import pathlib, sys, zipfile
project, build = map(pathlib.Path, sys.argv[1:])
for name, root in (("ldn_spark.zip", "ldn_spark"), ("conf.zip", "conf")):
    base = project if root == "ldn_spark" else project / root
    with zipfile.ZipFile(build / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((project / root).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(base))
PYTHON

# what the job reads and writes: the stores decide which jars are needed, the results where it is
# said how it ended. An option may be written --lake PLACE or --lake=PLACE.
option() {
  local at
  for at in "${!rest[@]}"; do
    case "${rest[$at]}" in
      "$1") printf '%s' "${rest[$((at + 1))]:-}"; return ;;
      "$1="*) printf '%s' "${rest[$at]#*=}"; return ;;
    esac
  done
}
lake="$(option --lake)" out="$(option --out)" run="$(option --run-id)"
lake="${lake:-${LDN_LAKE:-}}"
if [ -z "$status" ]; then
  name="${run:-$(date -u +%Y%m%dT%H%M%SZ)-$$}"
  case "${rest[0]:-}" in -*|"") study="$job" ;; *) study="$(basename "${rest[0]}" .yaml)" ;; esac
  case "$job" in
    study|publish) [ -z "$out" ] || status="$out/$study/$name.status.json" ;;
    simulate) ;;
    *) [ -z "$lake" ] || status="$lake/_status/$job-$name.status.json" ;;
  esac
fi
if [ "$mode" = cluster ]; then
  for at in "$lake" "$out"; do
    case "$at" in
      ''|[a-z]*://*) ;;
      *) say "note: $at: the driver runs on a machine of the cluster, and looks for it there" ;;
    esac
  done
fi

cat "$project/conf/spark/common.conf" "$settings" >"$build/spark.conf"
if [ "$place" = standalone ] && [ -n "${LDN_SPARK_SECRET_FILE:-}" ]; then
  (umask 077; printf 'spark.authenticate.secret %s\n' "$(head -n 1 "$LDN_SPARK_SECRET_FILE")" >>"$build/spark.conf")
  chmod 600 "$build/spark.conf"
fi
"$python" - "$build/spark.conf" "$project" "$lake" "$out" "${rest[@]}" <<'PYTHON'
import sys
file, project, *places = sys.argv[1:]
sys.path.insert(0, project)
from ldn_spark.engine.jars import jar_settings
schemes = {place.partition("://")[0].lower() for place in places if "://" in place}
with open(file, "a", encoding="utf-8") as settings:
    for key, value in jar_settings({"s3" if one in ("s3a", "s3n") else one for one in schemes}).items():
        settings.write(f"{key} {value}\n")
PYTHON

# what is written is for its owner alone, or for the group too; the JVM is there before the job is
rights=077
for word in "${rest[@]}"; do [ "$word" = --share-group ] && rights=027; done
umask "$rights"

archives="$build/conf.zip#conf"
[ -z "$bundle" ] || archives="$archives,$(realpath "$bundle")#ldn"
export LDN_CONF="${LDN_CONF:-$project/conf}" LDN_STATUS="$status" TZ=UTC
case "$mode:$place" in
  cluster:yarn) unset PYSPARK_DRIVER_PYTHON ;;
esac
case "$place" in
  kubernetes) script="local:///opt/ldn/jobs/$job.py"; [ "$mode" = cluster ] || script="$project/jobs/$job.py" ;;
esac
for pair in "LDN_CONF=conf" "LDN_STATUS=$status"; do
  extra+=(--conf "spark.yarn.appMasterEnv.$pair")
done
[ "$place:$mode" = kubernetes:cluster ] && extra+=(--conf "spark.kubernetes.driverEnv.LDN_STATUS=$status")

# In the background, so that a signal is heard at once and handed on; only TERM, because a program
# in the background is told by the shell to hear no Ctrl-C. As a group, so that it is seen when the
# last of its processes has ended.
set -m
"$SPARK_HOME/bin/spark-submit" \
  --master "$master" \
  --deploy-mode "$mode" \
  --name "ldn: $job" \
  --properties-file "$build/spark.conf" \
  --py-files "$build/ldn_spark.zip" \
  --archives "$archives" \
  --conf "spark.hadoop.fs.permissions.umask-mode=$rights" \
  "${extra[@]}" \
  "$script" "${rest[@]}" </dev/null &
child=$!
set +m
stopped=''
stop() { stopped="$1"; kill -TERM "$child" 2>/dev/null || true; }
trap 'stop 143' TERM
trap 'stop 130' INT
trap 'stop 129' HUP
code=0
wait "$child" || code=$?
if [ -n "$stopped" ]; then
  # the JVM ends its executors and the driver goes with it; what hangs is ended
  for _ in $(seq 60); do kill -0 -- "-$child" 2>/dev/null || break; sleep 0.5; done
  kill -KILL -- "-$child" 2>/dev/null || true
  say "stopped: driver and executors have ended"
  exit "$stopped"
fi
if [ "$mode" = cluster ]; then
  # YARN and Kubernetes say 0 or 1, whatever the driver said
  code="$("$python" - "$project" "$status" "$code" <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
from ldn_spark.cli.ended import code_of
print(code_of(sys.argv[2], int(sys.argv[3])))
PYTHON
)"
fi
exit "$code"
