# shellcheck shell=bash
# Stands in for the wrapper that nixpkgs puts around a C compiler: in a role that stdenv's setup gives it
# (nix-support/setup-hook) it adds flags by variables, and links with a run path; without one it
# does nothing.
set -eu

suffixes=()
[[ -z ${NIX_CC_WRAPPER_TARGET_BUILD_@salt@-} ]] || suffixes+=(_FOR_BUILD)
[[ -z ${NIX_CC_WRAPPER_TARGET_HOST_@salt@-} ]] || suffixes+=('')
((${#suffixes[@]})) || exec @program@ "$@"

params=() before=() after=() dirs=() libs=()
links=1 optimises=
for param; do
  case $param in
    -[cSEM] | -MM) links= ;;
    -O*) optimises=1 ;;
    -L/*) dirs+=("${param#-L}") ;;
    -l?*) libs+=("${param#-l}") ;;
    -march=native | -mtune=native)
      if [[ -n ${NIX_ENFORCE_NO_NATIVE-} ]]; then
        echo "warning: Skipping impure flag $param because NIX_ENFORCE_NO_NATIVE is set" >&2
        continue
      fi
      ;;
  esac
  params+=("$param")
done

for suffix in "${suffixes[@]}"; do
  variable=NIX_CFLAGS_COMPILE$suffix
  read -ra words <<<"${!variable-}"
  after+=("${words[@]}")
  for flag in ${NIX_HARDENING_ENABLE-}; do
    case $flag in
      fortify) [[ -z $optimises ]] || before+=(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) ;;
      stackprotector) before+=(-fstack-protector-strong) ;;
      pic) before+=(-fPIC) ;;
      relro) [[ -z $links ]] || before+=("-Wl,-z,relro") ;;
      bindnow) [[ -z $links ]] || before+=("-Wl,-z,now") ;;
    esac
  done
  [[ -n $links ]] || continue
  variable=NIX_CFLAGS_LINK$suffix
  read -ra words <<<"${!variable-}"
  after+=("${words[@]}")
  variable=NIX_LDFLAGS$suffix
  for word in ${!variable-}; do
    case $word in
      -L/*) dirs+=("${word#-L}") after+=("$word") ;;
      *) after+=("-Wl,$word") ;;
    esac
  done
done
if [[ -n $links ]]; then
  for dir in "${dirs[@]}"; do
    for lib in "${libs[@]}"; do
      if [[ $dir == /nix/store/* && -e $dir/lib$lib.so ]]; then
        after+=("-Wl,-rpath,$dir")
        break
      fi
    done
  done
fi
if [[ -n ${NIX_DEBUG-} ]]; then
  printf 'extra flags after to %s:\n' @program@ >&2
  printf '  %s\n' "${after[@]}" >&2
fi
exec @program@ "${before[@]}" "${params[@]}" "${after[@]}"
