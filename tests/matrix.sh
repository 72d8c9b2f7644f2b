#!/bin/sh
# The tests on every supported Python that is found by its name on PATH or among pyenv's versions.
# Arguments go to pytest. One that is missing is named and left out; status 1: tests failed on one.
set -u
cd "$(dirname "$0")/.." || exit 1
failed='' missing=''

# The interpreter of a version, if it runs: pyenv's names on PATH refuse versions that are not chosen.
interpreter() {
  for python in "python$1" "$(pyenv prefix "$(pyenv latest "$1" 2>/dev/null)" 2>/dev/null)/bin/python"; do
    if "$python" -c "import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
      echo "$python"
      return
    fi
  done
}

for version in 3.11 3.12 3.13; do
  python=$(interpreter $version)
  if [ -z "$python" ]; then
    missing="$missing $version"
    continue
  fi
  echo "==> Python $version"
  make --no-print-directory test PYTHON="$python" VENV="var/python$version" ARGS="$*" || failed="$failed $version"
done
[ -z "$missing" ] || echo "==> not tried, as there is no such Python here:$missing"
[ -z "$failed" ] || { echo "==> tests failed on Python$failed"; exit 1; }
