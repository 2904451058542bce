#!/usr/bin/env bash
# One archive with all that a cluster without a network needs: package, settings, jobs, jars and
# Python libraries. Made where there is a network; its nodes need Python of the same version and Java.
#
#   scripts/bundle.sh ldn-bundle.tar.gz
#   scripts/submit.sh --bundle ldn-bundle.tar.gz --master yarn ldn_2013 --lake ... --out ...
#
# LDN_EXTRAS names the stores whose libraries and jars come along; default: s3,hdfs.
set -euo pipefail
source "$(dirname "$0")/setup.sh"
archive="${1:-ldn-bundle.tar.gz}"
extras="${LDN_EXTRAS-s3,hdfs}"
python="${PYTHON:-python3}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
bundle="$work/bundle"
mkdir -p "$bundle/bin" "$bundle/python" "$bundle/jars"

say "installing the libraries as pinned in scripts/constraints-test.txt"
# constraints name versions; pip takes hashes with --requirement alone
sed -nE 's/^([A-Za-z0-9._-]+==[^ ]+( ;.*[^\\ ])?) *\\?$/\1/p' "$project/scripts/constraints-test.txt" >"$work/pins.txt"
"$python" -m pip install --quiet --disable-pip-version-check --no-compile --target "$bundle/python" \
  --constraint "$work/pins.txt" "$project[embedded${extras:+,$extras}]"

say "fetching the jars"
PYTHONPATH="$bundle/python" "$python" - "$bundle/jars" "$extras" <<'PYTHON'
import pathlib, shutil, sys, tempfile
from pyspark.sql import SparkSession
from ldn_spark.engine import jars
target, extras = pathlib.Path(sys.argv[1]), sys.argv[2].split(",")
names = [*jars.DELTA_JARS, *(jars.S3_JARS if "s3" in extras else ())]
packages = [*jars.DELTA_PACKAGES, *(jars.S3_PACKAGES if "s3" in extras else ())]
there = pathlib.Path.home() / ".ivy2.5.2" / "jars"
if not all((there / name).is_file() for name in names):
    settings = {"spark.jars.packages": ",".join(packages), "spark.jars.excludes": ",".join(jars.EXCLUDES)}
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    for key, value in settings.items():
        builder = builder.config(key, value)
    builder.getOrCreate().stop()
for name in names:
    shutil.copy(there / name, target)
PYTHON

cp -r "$project/conf" "$project/jobs" "$project/scripts" "$bundle/"
cat >"$bundle/bin/python" <<'WRAPPER'
#!/bin/sh
# Python of this node, with the libraries that came along.
here="$(cd "$(dirname "$0")/.." && pwd)"
PYTHONPATH="$here/python${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONPATH
exec "${LDN_PYTHON:-PYTHON_VERSION}" "$@"
WRAPPER
sed -i "s/PYTHON_VERSION/$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}")')/" "$bundle/bin/python"
chmod +x "$bundle/bin/python"
find "$bundle" -name __pycache__ -type d -prune -exec rm -rf {} +
tar -czf "$archive" -C "$bundle" .
say "$archive: $(du -h "$archive" | cut -f1), for $(sed -n 's/.*LDN_PYTHON:-\(.*\)}".*/\1/p' "$bundle/bin/python")"
