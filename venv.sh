#!/usr/bin/env bash
# Make the virtual environment in venv/ and install the pinned packages; done before, it takes a moment.
#   bash venv.sh [EXTRA ...]     extras: rag, gpu, langchain, gguf, test, dev (see pyproject.toml)
#   PYTHON=/path/to/python3.12 bash venv.sh     with a Python of your choice
#   AKACHAT_TORCH=cpu|cu126|cu130|plain bash venv.sh     with a build of PyTorch of your choice
set -u
CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1

if [ -x venv/bin/python ]; then
    venv/bin/python -E -s -S -m tools.install --check "$@" 2>/dev/null && exit 0
fi

seen=""       # what was found and why it would not do
without_venv=""  # a Python that would do but for its missing modules

# Is this a Python that can make the environment? Also a shim that leads nowhere says no here.
suits() {
    local answer
    case "$1" in "$PWD"/venv/*) return 1 ;; esac
    answer=$("$1" -I -c '
import sys
version = ".".join(map(str, sys.version_info[:3]))
try:
    import ensurepip, venv
    print(version)
except ImportError:
    print(version, "no-venv")
sys.exit(sys.version_info < (3, 11))' 2>/dev/null)
    case "$?:$answer" in
        0:*no-venv) without_venv="${without_venv:-${answer% no-venv}}" ;;
        0:?*) return 0 ;;
        1:?*) seen="$seen
    $1 is Python ${answer% no-venv}" ;;
    esac
    return 1
}

find_python() {
    local name found
    if [ -n "${PYTHON:-}" ]; then
        found=$(type -P -- "$PYTHON") && suits "$found" && python=$found && return 0
        echo "PYTHON=$PYTHON is no working Python of 3.11 or newer with the module venv.$seen" >&2
        return 1
    fi
    for name in python3.13 python3.12 python3.11 python3 python; do
        while IFS= read -r found; do
            [ -n "$found" ] && suits "$found" && python=$found && return 0
        done <<< "$(type -aP "$name" 2>/dev/null)"
    done
    # Installed, but not on the PATH: by pyenv; on a Mac by Homebrew or python.org.
    local places=("${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/3.1[123].*/bin/python)
    [ "$(uname -s)" = Darwin ] && places+=(/opt/homebrew/bin/python3.1[123] /usr/local/bin/python3.1[123]
        /Library/Frameworks/Python.framework/Versions/3.1[123]/bin/python3)
    for found in "${places[@]}"; do
        [ -x "$found" ] && suits "$found" && python=$found && return 0
    done
    return 1
}

# shellcheck disable=SC1090  # the system says what it is in a file of shell variables
say_how_to_get_python() {
    local id="" version="" minor release=${AKACHAT_OS_RELEASE:-/etc/os-release}
    if [ -r "$release" ]; then
        id=$(. "$release" && echo "${ID:-} ${ID_LIKE:-}")
        version=$(. "$release" && echo "${VERSION_ID:-}")
    fi
    if [ -n "$without_venv" ]; then
        minor=${without_venv#3.}
        echo "Python $without_venv is here, but without the module venv (Ubuntu and Debian ship it apart)."
        echo "    sudo apt update && sudo apt install python3.${minor%%.*}-venv"
        return
    fi
    echo "akachat needs Python 3.11 or newer; none was found.${seen:+ Found:$seen}"
    echo "How to get one:"
    case "$(uname -s):$id" in
        Darwin:*)
            echo "    brew install python@3.13          (Homebrew: https://brew.sh)"
            echo "    or the installer from https://www.python.org/downloads/"
            ;;
        Linux:*ubuntu* | Linux:*debian*)
            grep -qi microsoft /proc/version 2>/dev/null && echo "  (in this WSL window, not in Windows)"
            case "$version" in
                20.* | 11 | 10) echo "    This system's release has no new Python; pyenv brings one: https://github.com/pyenv/pyenv" ;;
                22.*) echo "    sudo apt update && sudo apt install python3.11 python3.11-venv" ;;
                *) echo "    sudo apt update && sudo apt install python3 python3-venv" ;;
            esac
            ;;
        Linux:*fedora* | Linux:*rhel*) echo "    sudo dnf install python3.12" ;;
        MINGW*:* | MSYS*:* | CYGWIN*:*) echo "    On Windows itself, run setup_windows.bat; this script is for Linux, WSL2 and macOS." ;;
        *)
            echo "    Ubuntu 22.04, also in WSL2: sudo apt install python3.11 python3.11-venv"
            echo "    macOS: brew install python@3.13"
            ;;
    esac
    echo "One that is installed elsewhere: PYTHON=/path/to/python3.12 bash venv.sh"
}

python=""
if ! find_python; then
    [ -n "${PYTHON:-}" ] || say_how_to_get_python >&2
    exit 1
fi
exec "$python" -E -s -m tools.install "$@"
