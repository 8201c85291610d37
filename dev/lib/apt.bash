# A private apt tree: packages of another Debian suite, without touching the system's own apt.

suite=${DYNDRV_SUITE:-forky}
# The tree's directory, and architectures beside the machine's own (each costs a package list).
apt_dir=$cache/apt apt_foreign=

# The machine's own Debian mirror, from its apt sources in either format.
apt_mirror() {
  [[ -n ${DYNDRV_MIRROR:-} ]] && { printf %s "$DYNDRV_MIRROR"; return; }
  local file line word
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [[ -r $file ]] || continue
    while read -r line; do
      case $line in
        URIs:* | deb\ *) ;;
        *) continue ;;
      esac
      for word in $line; do
        case $word in
          *debian-security* | *security.debian.org*) ;;
          http://*/debian | http://*/debian/ | https://*/debian | https://*/debian/ | file:*/debian | mirror*:*)
            printf %s "${word%/}"
            return
            ;;
        esac
      done
    done <"$file"
  done
  return 1
}

# apt_tree: create and update the tree, unless that was done within the hour; afterwards apt_run uses it.
apt_tree() {
  local tree=$apt_dir mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed= foreign=
  [[ -n $(find "$tree/updated" -mmin -60 2>/dev/null) ]] && return
  command -v apt-get >/dev/null || die "no suitable Nix on PATH and no apt-get to get one with; install Nix 2.34 or later"
  mirror=$(apt_mirror) || die "no Debian mirror found in /etc/apt; set DYNDRV_MIRROR to one"
  rm -f "$tree/updated"
  say "reading the package lists of Debian $suite"
  mkdir -p "$tree"/{lists/partial,archives/partial,empty}
  : >"$tree/status"
  [[ -r $keyring ]] && signed="[signed-by=$keyring] "
  printf 'deb %s%s %s main\n' "$signed" "$mirror" "$suite" >"$tree/sources.list"
  [[ -n $apt_foreign ]] && foreign="\"$apt_foreign\";"
  # The machine's own configuration (proxies, say) stays in force; hooks of its images do not.
  cat >"$tree/apt.conf" <<CONF
Dir::State "$tree";
Dir::State::lists "$tree/lists";
Dir::State::status "$tree/status";
Dir::Cache "$tree";
Dir::Cache::archives "$tree/archives";
Dir::Cache::pkgcache "$tree/pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$tree/sources.list";
Dir::Etc::sourceparts "$tree/empty";
Dir::Etc::preferences "$tree/none";
Dir::Etc::preferencesparts "$tree/empty";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Architecture "amd64";
APT::Architectures { "amd64"; $foreign };
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear Acquire::IndexTargets::deb::DEP-11;
CONF
  quietly "$tree/log" apt_run update || die "cannot read the package lists of $suite from $mirror"
  : >"$tree/updated"
}

apt_run() { apt-get -c "$apt_dir/apt.conf" -o Debug::NoLocking=true "$@"; }

# apt_name FILE: the package in an archive, with its architecture if it is a foreign one.
apt_name() {
  local name=${1%%_*}
  [[ -n $apt_foreign && $1 == *_"$apt_foreign".deb ]] && name+=:$apt_foreign
  printf %s "$name"
}

# apt_closure PACKAGE...: the packages and all they depend on, as lines "name file url size".
apt_closure() {
  local url file size _
  apt_run install -qq --print-uris "$@" | while read -r url file size _; do
    url=${url#\'}
    printf '%s %s %s %s\n' "$(apt_name "$file")" "$file" "${url%\'}" "$size"
  done
}

# apt_download DIR PACKAGE...: each package's archive as DIR/<package>.deb, or DIR/<package>-<architecture>.deb
# of a foreign one (store names allow no %, ~ or colon).
apt_download() {
  local dir=$1 file
  shift
  mkdir -p "$dir"
  (cd "$dir" && quietly "$apt_dir/log" apt_run download -q "$@") || return
  for file in "$dir"/*_*.deb; do
    local name
    name=$(apt_name "${file##*/}")
    mv "$file" "$dir/${name/:/-}.deb"
  done
}
