# Brings up what is missing and sets the environment: sourced by dev/nix and dev/cargo.
# If all is there already this costs two forks (a checksum and, for flakes, a file list).

. "$dev_dir/lib/common.bash"

nix_features='nix-command flakes ca-derivations dynamic-derivations'
declare -A part=()

# choose_nix: own_nix=1 if the machine's Nix will do. The answer is remembered for that program.
choose_nix() {
  local path
  own_nix=
  path=$(type -P nix) || return 0
  [[ $path == "$cache/nix/bin/nix" ]] && return 0
  path=$(readlink -f "$path")
  if [[ -e $cache/own-nix && ! $path -nt $cache/own-nix && $(<"$cache/own-nix") == "$path "* ]]; then
    [[ $(<"$cache/own-nix") == *yes ]] && own_nix=1
    return 0
  fi
  . "$dev_dir/lib/nix.bash"
  suitable_nix && own_nix=1
  mkdir -p "$cache"
  printf '%s %s' "$path" "${own_nix:+yes}" >"$cache/own-nix"
}

# use_nix: the environment for the chosen Nix.
use_nix() {
  if [[ -z $own_nix ]]; then
    [[ $PATH == "$cache/nix/bin:"* ]] || export PATH=$cache/nix/bin:$PATH
    export NIX_CONF_DIR=$cache/nix/conf
  fi
  [[ ${NIX_CONFIG:-} == *"$nix_features"* ]] ||
    export NIX_CONFIG="${NIX_CONFIG:+$NIX_CONFIG$'\n'}extra-experimental-features = $nix_features"$'\n'"accept-flake-config = true"
}

# read_parts FILE: fills `part` with the toolchain's store paths.
read_parts() {
  local name equals path
  while read -r name equals path; do
    [[ $equals == = ]] || continue
    name=${name//\"/} path=${path#\"}
    part[$name]=${path%\";}
  done <"$1"
}

# toolchain_run COMMAND...: run with the toolchain's programs before the machine's.
toolchain_run() {
  local name path= certificates=/etc/ssl/certs/ca-certificates.crt
  for name in rustc cargo clippy rustfmt cc pkg-config shellcheck; do path+=${part[$name]}/bin:; done
  (
    # shellcheck disable=SC2030 # for the command alone
    export PATH=$path$PATH PKG_CONFIG_PATH=${part[openssl]}/lib/pkgconfig:${part[zlib]}/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    # The file that Debian's libcurl looks for is absent from minimal systems.
    if [[ ! -e $certificates ]]; then
      export SSL_CERT_FILE=${SSL_CERT_FILE:-${part[cacert]}/etc/ssl/certs/ca-bundle.crt}
      export CARGO_HTTP_CAINFO=${CARGO_HTTP_CAINFO:-$SSL_CERT_FILE}
    fi
    unset RUSTUP_TOOLCHAIN
    exec "$@"
  )
}

bring_up() {
  choose_nix
  if [[ -z $own_nix && ! -e $cache/nix/bin/nix ]]; then
    . "$dev_dir/lib/apt.bash"
    . "$dev_dir/lib/nix.bash"
    [[ -w /nix || (! -e /nix && -w /) ]] || die "no suitable Nix (2.34 or later) on PATH, and /nix is not writable; run as root or install Nix"
    bring_up_nix "$cache/nix"
  fi
  use_nix
  if [[ ! -e $toolchain ]]; then
    type -P apt-get dpkg >/dev/null || die "the Debian toolchain needs apt-get and dpkg; on other systems run your own nix, which takes the toolchain from nixpkgs"
    . "$dev_dir/lib/apt.bash"
    . "$dev_dir/lib/toolchain.bash"
    # A store that was removed takes the bootstrap tools with it: ask apt again.
    [[ -e $debs/lock.nix && -e $(bootstrap_of "$debs") ]] || resolve_debs "$debs" "$dev_dir/debian/packages.txt"
    build_toolchain "$debs" "$toolchain"
  fi
  if [[ -n $cross && ! -e $cross ]]; then
    . "$dev_dir/lib/apt.bash"
    . "$dev_dir/lib/toolchain.bash"
    bring_up_cross "$debs" "$toolchain" "$cross_debs" "$cross"
  fi
  if [[ ! -e $package_set/flake.nix ]]; then
    local work=$package_set.tmp.$$
    mkdir -p "$work"
    cp "$dev_dir"/debian/{flake,default,packages,stdenv,fetchurl,import-cargo-lock,git-package,crate-overrides}.nix "$dev_dir"/debian/{git-crate,cc-wrapper}.sh "$dev_dir"/debian/setup "$work/"
    cp "$toolchain" "$work/paths.nix"
    if [[ -n $cross ]]; then cp "$cross" "$work/cross.nix"; else echo '{ }' >"$work/cross.nix"; fi
    chmod u+w "$work"/{paths,cross}.nix
    rm -rf "$package_set"
    mv "$work" "$package_set"
    say "the toolchain is ready: $package_set"
  fi
  read_parts "$toolchain"
  local lock
  for lock in "${!missing_crates[@]}"; do
    . "$dev_dir/lib/crates.bash"
    [[ -e ${missing_crates[$lock]} ]] || fetch_crates "$lock" "${missing_crates[$lock]}"
  done
}

# set_up LOCKFILE...: afterwards (with the parts for other targets if DYNDRV_WITH=cross) nix, the toolchain and the crates of these lock files are there;
# `crate_roots` has the link to each lock file's crates.
# shellcheck disable=SC2120 # no lock file is a list too
set_up() {
  local hash file key_debs= key_parts= key_set= key_cross= cross= cross_debs=
  local -A missing_crates=()
  crate_roots=()
  while read -r hash file; do
    case $file in
      */debian/packages.txt) key_debs+=${hash:0:8} ;;&
      */debian/packages.txt | */debian/toolchain.nix | */debian/part.sh) key_parts+=${hash:0:8} ;;&
      */debian/cross.*) key_cross+=${hash:0:6} ;;&
      "$dev_dir"/debian/*) key_set+=${hash:0:6} ;;
      *)
        [[ ! -e $cache/archives/$hash.unavailable ]] || continue
        crate_roots+=("$cache/archives/$hash")
        [[ -e $cache/archives/$hash ]] || missing_crates[$file]=$cache/archives/$hash
        ;;
    esac
  done < <(sha256sum "$dev_dir"/debian/* "$@")
  debs=$cache/debs-${suite:-${DYNDRV_SUITE:-forky}}-$key_debs
  toolchain=$cache/toolchain-$key_parts
  package_set=$cache/sets/$key_set
  case " ${DYNDRV_WITH:-} " in
    '  ') ;;
    ' cross ')
      cross_debs=$cache/debs-cross-${suite:-${DYNDRV_SUITE:-forky}}-$key_debs$key_cross
      toolchain_cross=$cache/toolchain-cross-$key_parts$key_cross
      cross=$toolchain_cross
      package_set+=-cross
      ;;
    *) die "DYNDRV_WITH=$DYNDRV_WITH: there is no such part; known is: cross" ;;
  esac
  choose_nix
  if [[ (-z $own_nix && ! -e $cache/nix/bin/nix) || ! -e $toolchain || ! -e $package_set/flake.nix ||
    (-n $cross && ! -e $cross) || ${#missing_crates[@]} != 0 ]]; then
    mkdir -p "$cache"/{archives,sets}
    with_lock bring_up
  fi
  use_nix
  ((${#part[@]})) || read_parts "$toolchain"
  export DYNDRV_NIXPKGS=$package_set
  export NIX_PATH=nixpkgs=$package_set${NIX_PATH:+:$NIX_PATH}
  # Flakes need git.
  # shellcheck disable=SC2031 # toolchain_run changed its own copy
  type -P git >/dev/null || export PATH=$PATH:${part[git]}/bin
}
