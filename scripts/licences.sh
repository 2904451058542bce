#!/usr/bin/env bash
# Write docs/licences.md: under which licence each library comes that scripts/setup.sh installs.
# Usage: scripts/licences.sh
set -euo pipefail
source "$(dirname "$0")/setup.sh"
ensure_venv embedded
cd "$project"
tool="$(mktemp -d)"
trap 'rm -rf "$tool"' EXIT
"$venv/bin/python" -m venv "$tool"
"$tool/bin/python" -m pip install --quiet --disable-pip-version-check pip-licenses

# what is pinned and installed on this machine's Python
mapfile -t libraries < <(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/\1/p' scripts/constraints.txt | sort -u)
{
  printf '%s\n' "# Licences of the libraries" "" \
    "Written by \`scripts/licences.sh\` from what the libraries pinned in \`scripts/constraints.txt\` say of themselves; ldn_spark itself is under the MIT licence." ""
  "$tool/bin/pip-licenses" --python "$venv/bin/python" --format markdown --from mixed \
    --with-urls --order name --packages "${libraries[@]}"
} >"$tool/licences.md"
mv "$tool/licences.md" docs/licences.md
