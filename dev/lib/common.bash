# Shared by the scripts in dev/: where things are kept, how progress is shown, how failures are.
# Sourced, never run. Defines functions and three variables only, so that sourcing costs nothing.
# shellcheck disable=SC2034 # the scripts that source this file use the variables

dev_dir=$(cd -- "${BASH_SOURCE[0]%/*}/.." && printf %s "$PWD")
cache=${DYNDRV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dyndrv}
system_triple=x86_64-linux-gnu

# say TEXT: one line of progress, with the seconds since this process started.
say() { printf 'dyndrv [%3ss] %s\n' "$SECONDS" "$*" >&2; }

# die TEXT: the one error line of a failed run.
die() {
  printf 'dyndrv: error: %s\n' "$*" >&2
  exit 1
}

# quietly LOG COMMAND...: run a noisy command; its output is shown only if it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 || {
    local status=$?
    cat "$log" >&2
    printf 'dyndrv: error: failed (status %s): %s\n' "$status" "$*" >&2
    return "$status"
  }
}

# with_lock COMMAND...: one setup at a time per cache directory; the others wait and then find it done.
with_lock() {
  mkdir -p "$cache" || die "cannot create $cache; set DYNDRV_CACHE to a writable directory"
  exec {lock_fd}>"$cache/lock"
  if ! flock -n "$lock_fd"; then
    say "another process is setting up $cache; waiting for it"
    flock "$lock_fd"
  fi
  "$@"
  exec {lock_fd}>&-
}
