# The crates of a Cargo.lock in the store, fetched by the toolchain's cargo.

# is_final FETCHED BUILT: whether cargo has the registries' own word that they lack a locked package: FETCHED is what it
# said of the packages alone, BUILT of the project. What is a matter of the network is worth another try.
is_final() {
  local lacks='no matching package named|failed to select a version for the requirement'
  local network='network failure|failed to download|failed to fetch|failed to query|[Tt]imed? ?out|[Cc]ould ?n.t connect|[Cc]ould not resolve'
  grep -qE "$lacks" "$1" && ! grep -qE "$network" "$1" "$2"
}

# fetch_crates LOCK LINK: LINK becomes a garbage collector root for the archives. If the registries lack some of them
# (of a lock file that is the data of a test, say), LINK.unavailable says so, and nobody asks again.
fetch_crates() {
  local lock=$1 link=$2 work=$2.tmp.$$ line value name= version= source= index=0 file
  local -a wanted=() files=()
  local -A sums=()
  mkdir -p "$work"
  {
    printf '[package]\nname = "dyndrv-fetch"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n[workspace]\n[dependencies]\n'
    # Every locked package as a dependency of its own: this asks nothing of the project's manifests,
    # which may be incomplete or wrong. That is for the build to tell.
    while read -r line || [[ -n $line ]]; do
      value=${line#*\"} value=${value%\"*}
      case $line in
        '[[package]]') name= version= source= ;;
        name\ =*) name=$value ;;
        version\ =*) version=$value ;;
        checksum\ =*) sums[$name-$version.crate]=$value ;;
        source\ =*)
          source=$value
          case $source in
            registry+https://github.com/rust-lang/crates.io-index) source= ;;
            registry+*) source=${source#registry+} ;;
            sparse+*) ;;
            *) continue ;;
          esac
          wanted+=("$name-$version.crate")
          printf 'p%s = { package = "%s", version = "=%s", default-features = false%s }\n' \
            "$((index++))" "$name" "$version" "${source:+, registry-index = \"$source\"}"
          ;;
      esac
    done <"$lock"
  } >"$work/Cargo.toml"
  # Known versions stay usable when they were withdrawn from the registry since.
  cp "$lock" "$work/Cargo.lock"
  chmod u+w "$work/Cargo.lock"
  : >"$work/lib.rs"

  local home=$cache/cargo-home user=${CARGO_HOME:-$HOME/.cargo}
  mkdir -p "$home"
  for file in config.toml config credentials.toml; do
    if [[ -e $user/$file ]]; then ln -sfn "$user/$file" "$home/$file"; else rm -f "$home/$file"; fi
  done
  locate_archives() {
    local archive dir
    files=()
    for archive in "${wanted[@]}"; do
      for dir in "$home"/registry/cache/*/; do
        [[ -e $dir$archive ]] && is_locked "$dir$archive" && { files+=("$dir$archive"); continue 2; }
      done
      return 1
    done
  }
  # Two registries can have different packages of one name and version.
  is_locked() {
    local locked=${sums[${1##*/}]:-} sum
    [[ -n $locked ]] || return 0
    sum=$(sha256sum "$1") && [[ ${sum%% *} == "$locked" ]]
  }
  if ! locate_archives; then
    say "fetching the ${#wanted[@]} crates of $lock"
    (cd "$work" && CARGO_HOME=$home toolchain_run cargo fetch) >"$work/log" 2>&1 || true
    # What the registry does not have under this version may be patched by the project itself.
    locate_archives || (cd "${lock%/*}" && CARGO_HOME=$home toolchain_run cargo fetch --locked) >"$work/log-project" 2>&1 || true
    locate_archives || {
      cat "$work/log" >&2
      printf 'dyndrv: warning: not all crates of %s could be fetched; going on with those in the store\n' "$lock" >&2
      if is_final "$work/log" "$work/log-project"; then
        mv "$work/log" "$link.unavailable"
        printf 'dyndrv: warning: no registry has them, so they are not asked for again; to try again, remove %s\n' "$link.unavailable" >&2
      fi
      rm -rf "$work"
      return
    }
  fi
  if ((${#files[@]})); then
    # The names that nixpkgs gives them in the store.
    local -a named=()
    for file in "${files[@]}"; do
      name=${file##*/} name=$work/crate-${name%.crate}.tar.gz
      ln "$file" "$name" 2>/dev/null || cp "$file" "$name"
      named+=("$name")
    done
    nix-store --add-fixed sha256 "${named[@]}" >"$work/list" || die "cannot add crates to the store"
  else
    : >"$work/list"
  fi
  nix build --impure --file "$dev_dir/debian/crates-root.nix" --argstr list "$work/list" --argstr busybox "${part[busybox]}" \
    --out-link "$link" 2>"$work/log" || { cat "$work/log" >&2; die "cannot add crates to the store"; }
  rm -rf "$work"
}
