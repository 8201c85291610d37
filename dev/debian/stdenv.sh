# shellcheck shell=bash disable=SC2154 # Nix sets variables by attributes
# Stands in for nixpkgs' setup script and its phases, with the same variables and the same names for hooks.
# It knows the inputs that dyndrv uses: depsBuildBuild, nativeBuildInputs and buildInputs, what they
# propagate, and their setup hooks.
set -eu

export PATH=
addToSearchPath() {
  [[ ! -d $2 ]] || export "$1=${!1:+${!1}:}$2"
}
for package in $initialPath; do
  addToSearchPath PATH "$package/bin"
done
stdenvPath=$PATH
# shellcheck disable=SC2123 # that of the inputs comes first
PATH=

export NIX_STORE SOURCE_DATE_EPOCH=315532800 NIX_ENFORCE_NO_NATIVE=1
export NIX_CFLAGS_COMPILE=${NIX_CFLAGS_COMPILE-} NIX_LDFLAGS=${NIX_LDFLAGS-}
[[ -n ${NIX_NO_SELF_RPATH-} ]] || NIX_LDFLAGS="-rpath $out/lib $NIX_LDFLAGS"
seed=${NIX_OUTPATH_USED_AS_RANDOM_SEED:-$out}
seed=${seed##*/}
NIX_CFLAGS_COMPILE+=" -frandom-seed=${seed:0:10}"

# addEnvHooks HOST HOOK...: each hook is called with each of the packages to be linked.
envHooks=()
# shellcheck disable=SC2329 # setup hooks call it
addEnvHooks() {
  envHooks+=("${@:2}")
}

# activate PACKAGE ROLE: runs its setup hook, and those of what it propagates.
declare -A seen=()
linked=()
activate() {
  # shellcheck disable=SC2034 # setup hooks read the suffix
  local package=$1 role=$2 suffix= file inner propagated
  [[ -z ${seen[$role $package]-} ]] || return 0
  seen[$role $package]=1
  if [[ $role == HOST ]]; then
    linked+=("$package")
  else
    addToSearchPath PATH "$package/bin"
  fi
  if [[ -e $package/nix-support/setup-hook ]]; then
    # A tool that runs here makes what runs on the host.
    # shellcheck disable=SC2034 # setup hooks read them
    case $role in
      BUILD_BUILD) role=BUILD suffix=_FOR_BUILD ;;
      *) role=HOST ;;
    esac
    # shellcheck disable=SC1091
    . "$package/nix-support/setup-hook"
    role=$2
  fi
  for file in propagated-build-inputs propagated-native-build-inputs; do
    [[ -e $package/nix-support/$file ]] || continue
    read -ra propagated <"$package/nix-support/$file" || :
    for inner in "${propagated[@]}"; do
      activate "$inner" "$role"
    done
  done
}
for package in ${depsBuildBuild-}; do activate "$package" BUILD_BUILD; done
for package in ${nativeBuildInputs-} $cc; do activate "$package" BUILD; done
for package in ${buildInputs-}; do activate "$package" HOST; done
PATH=$PATH${PATH:+:}$stdenvPath

for package in "${linked[@]}"; do
  for hook in "${envHooks[@]}"; do
    "$hook" "$package"
  done
  addToSearchPath PKG_CONFIG_PATH "$package/lib/pkgconfig"
  addToSearchPath PKG_CONFIG_PATH "$package/share/pkgconfig"
done
eval "${postHook-}"

runHook() {
  if [[ $(type -t "$1") == function ]]; then "$1"; else eval "${!1-}"; fi
}
# shellcheck disable=SC2329 # `phase` calls it
unpackPhase() {
  [[ -n ${src-} ]] || return 0
  cp -RL "$src" source
  chmod -R u+w source
  cd source
}
# shellcheck disable=SC2329 # `phase` calls it
patchPhase() {
  local file
  for file in ${patches-}; do
    patch -p1 <"$file"
  done
}
phase() {
  eval "${!1:-$1}"
}
if [[ -n ${buildCommand-} ]]; then
  eval "$buildCommand"
else
  phase unpackPhase
  runHook prePatch
  phase patchPhase
  runHook postPatch
  phase installPhase
fi
exit 0
