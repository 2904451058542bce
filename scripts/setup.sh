# Sourced by the other scripts: a virtual environment with the project in it, and Java where asked.
# Nothing is taken from the machine but Python 3.11 or later; what is there is used again.

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="${LDN_VENV:-$project/.venv}"

say() { printf '%s\n' "$*" >&2; }

# Run a command as root: as we are, or by sudo without a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo "$@"
  else return 1
  fi
}

apt_install() {
  command -v apt-get >/dev/null 2>&1 || return 1
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

make_venv() {
  local python="${PYTHON:-python3}"
  command -v "$python" >/dev/null 2>&1 || { say "Python is missing: install python3.11"; exit 1; }
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { say "Python 3.11 or later is needed; set PYTHON to one"; exit 1; }
  "$python" -m venv "$venv" >/dev/null 2>&1 && return
  rm -rf "$venv"
  say "installing python3-venv"
  if apt_install python3-venv && "$python" -m venv "$venv"; then return; fi
  rm -rf "$venv"
  say "A virtual environment cannot be made: install the package python3-venv"
  exit 1
}

# ensure_venv EXTRAS: the project, editable, with these extras (`embedded` or `embedded,test`) as
# pinned in scripts/constraints*.txt; quick when nothing has changed.
ensure_venv() {
  local wanted pinned="$project/scripts/constraints.txt"
  case ",$1," in *,test,*) pinned="$project/scripts/constraints-test.txt" ;; esac
  wanted="$1 $(cat "$project/setup.cfg" "$pinned" | cksum) $project"
  if [ -x "$venv/bin/ldn" ] && [ "$(cat "$venv/.installed" 2>/dev/null)" = "$wanted" ]; then return; fi
  [ -x "$venv/bin/python" ] || make_venv
  say "installing the project and its libraries into ${venv#"$PWD"/} (a minute or two)"
  # the libraries by the hashes of their files; the project itself has none
  if ! { pip_install --require-hashes --requirement "$pinned" &&
    pip_install --no-deps --no-build-isolation --editable "$project"; } >"$venv/install.log" 2>&1
  then
    tail -n 5 "$venv/install.log" >&2
    say "The libraries cannot be installed: is a package index within reach? All of it: $venv/install.log"
    exit 1
  fi
  # or every command compiles the package anew where Python is told to write no bytecode
  "$venv/bin/python" -m compileall -q "$project/ldn_spark"
  printf '%s' "$wanted" >"$venv/.installed"
}

pip_install() { "$venv/bin/python" -m pip install --disable-pip-version-check "$@"; }

# ensure_java: Java 17 or later, installed where we may.
ensure_java() {
  local version
  version="$( (java -version) 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')"
  if [ "${version:-0}" -ge 17 ]; then return; fi
  say "installing Java 17"
  apt_install openjdk-17-jre-headless && command -v java >/dev/null 2>&1 && return
  say "Java 17 is missing: install the package openjdk-17-jre-headless"
  exit 1
}
