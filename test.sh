#!/usr/bin/env bash
# Check everything: linter, formatter, types, tests. bash test.sh [arguments of pytest]
# Browser tests use the Chromium in AKACHAT_CHROMIUM or one found here; without any they are left out (not in CI).
set -u
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
export PYTHONUTF8=1

find_chromium() {
    local found
    for found in "${AKACHAT_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        # --version tells a browser from Ubuntu's placeholder, which only points to a snap.
        found=$(type -P -- "$found") && "$found" --version > /dev/null 2>&1 && AKACHAT_CHROMIUM=$found && return 0
    done
    AKACHAT_CHROMIUM=""
    return 1
}

install_chromium() {
    [ "$(id -u)" = 0 ] && [ -r /etc/debian_version ] && command -v apt-get > /dev/null || return 1
    echo "No Chromium here; installing it with apt-get for the browser tests ..."
    apt-get update -qq > /dev/null &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk > /dev/null
}

failed=""
section() {
    local title=$1
    shift
    echo "== $title"
    "$@" || failed="$failed $title;"
}

echo "== packages"
bash venv.sh test || exit
selection=()
find_chromium || { install_chromium && find_chromium; }
if [ -n "$AKACHAT_CHROMIUM" ]; then
    export AKACHAT_CHROMIUM
elif [ "${CI:-}" = true ]; then
    echo "No Chromium for the browser tests: install the package chromium, or set AKACHAT_CHROMIUM." >&2
    exit 1
else
    unset AKACHAT_CHROMIUM
    echo "No Chromium here: the browser tests are left out. (Install chromium, or set AKACHAT_CHROMIUM.)"
    selection=(-m "not browser")
fi

section "ruff check" venv/bin/python -m ruff check .
section "ruff format" venv/bin/python -m ruff format --check .
section "mypy" venv/bin/python -m mypy
section "pytest" venv/bin/python -m pytest -q ${selection[@]+"${selection[@]}"} "$@"
if [ -n "$failed" ]; then
    echo "Failed:${failed%;}" >&2
    exit 1
fi
