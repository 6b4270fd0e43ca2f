#!/usr/bin/env bash
# Start akachat: bash run.sh [PORT] [options of `akachat serve`]. The first start installs the packages.
set -u
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1

port=50000
case "${1:-}" in
    "" | -*) ;;
    *)
        port=$1
        shift
        ;;
esac
case "$port" in
    *[!0-9]* | 0* | ??????*) valid="" ;;
    *) valid=$((port <= 65535)) ;;
esac
if [ "${valid:-0}" != 1 ]; then
    echo "The port must be a number from 1 to 65535, not: $port" >&2
    echo "  For example: bash run.sh 50000" >&2
    exit 2
fi
if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    other=$((port < 65535 ? port + 1 : port - 1))
    echo "Port $port is in use. If that is akachat, open http://127.0.0.1:$port/" >&2
    echo "  Else choose another port: bash run.sh $other" >&2
    exit 1
fi

bash venv.sh --quiet || exit
export PYTHONUTF8=1
exec venv/bin/python -m akachat serve --port "$port" "$@"
