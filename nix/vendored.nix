# A directory of links to third-party packages, each a store object of its own, so that an edit of
# one of them reaches only the units that use it.
#
# Packages are copied in up to sixteen groups: a sandbox for each of hundreds would take longer than
# the copying, and Nix takes long to register very many outputs of one derivation.
{
  system,
  bash,
  coreutils,
}:
{
  # Directories as `cargo vendor` writes them: a directory for each package.
  dirs ? [ ],
  # Packages that are store objects, by `<name>-<version>`: directories or archives.
  packages ? { },
  # What cargo reads of the archives, of `packages` and of `rest`; null if there are none.
  manifests ? null,
  # A further directory of packages or of links to them, or of such directories, one for each source;
  # null for none.
  rest ? null,
  # Packages in place of those, by `<name>-<version>`: { name; version; package; }
  replaced ? { },
  # All sources that the lock file names; null to take the configuration of `rest`.
  sources,
}:

let
  shell = {
    inherit system;
    __contentAddressed = true;
    outputHashAlgo = "sha256";
    outputHashMode = "recursive";
    __structuredAttrs = true;
    builder = "${bash}/bin/bash";
    preferLocalBuild = true;
    allowSubstitutes = false;
  };

  packagesOf =
    dir:
    let
      object = builtins.path {
        path = dir;
        name = "vendor";
      };
      entries = builtins.readDir dir;
      isPackage =
        name: entries.${name} == "directory" && builtins.pathExists (dir + "/${name}/Cargo.toml");
    in
    map (name: {
      inherit name;
      value = "${object}/${name}";
    }) (builtins.filter isPackage (builtins.attrNames entries));

  # Where each package of a directory lies; the first directory wins.
  inDirectories = builtins.listToAttrs (builtins.concatMap packagesOf dirs);

  group = name: builtins.substring 0 1 (builtins.hashString "sha256" name);
  groups = builtins.mapAttrs (_: copy) (builtins.groupBy group (builtins.attrNames inDirectories));

  # The output's name for a package: no name of Nix's own.
  outputOf = name: "crate-${name}";

  # The configuration that `importCargoLock` writes, for a cargo that uses the directory.
  configuration =
    if sources == null then
      ""
    else
      builtins.concatStringsSep "\n" (map definition sources)
      + ''

        [source.vendored-sources]
        directory = "cargo-vendor-dir"
      '';
  definition =
    source:
    let
      locked = import ./locked-source.nix source;
      line = key: "${key} = ${builtins.toJSON locked.definition.${key}}\n";
    in
    ''
      [source.${builtins.toJSON locked.name}]
      ${builtins.concatStringsSep "" (map line (builtins.attrNames locked.definition))}replace-with = "vendored-sources"
    '';

  copy =
    names:
    derivation (
      shell
      // {
        name = "vendored";
        outputs = map outputOf names;
        copied = builtins.listToAttrs (
          map (name: {
            name = outputOf name;
            value = inDirectories.${name};
          }) names
        );
        # What packages have in their files may look like a reference.
        unsafeDiscardReferences = builtins.listToAttrs (
          map (name: {
            name = outputOf name;
            value = true;
          }) names
        );
        args = [
          "-euc"
          ''
            . "$NIX_ATTRS_SH_FILE"
            for output in "''${!outputs[@]}"; do
              ${coreutils}/bin/cp -R "''${copied[$output]}" "''${outputs[$output]}"
            done
            exit 0
          ''
        ];
      }
    );
in

derivation (
  shell
  // {
    name = "cargo-vendor-dir";
    links =
      packages
      // builtins.mapAttrs (name: _: groups.${group name}.${outputOf name}) inDirectories
      // builtins.mapAttrs (_: r: r.package) replaced;
    replacedVersions = map (r: "${r.name} ${r.version}") (builtins.attrValues replaced);
    rest = if rest == null then "" else "${rest}";
    manifests = if manifests == null then "" else "${manifests}";
    inherit configuration;
    args = [
      "-euc"
      ''
        . "$NIX_ATTRS_SH_FILE"
        PATH=${coreutils}/bin
        out=''${outputs[out]}
        mkdir -p "$out/.cargo"
        if [[ -n $configuration ]]; then
          printf %s "$configuration" >"$out/.cargo/config.toml"
        else
          for file in "$rest"/.cargo/config.toml "$rest"/config.toml; do
            [[ -e $out/.cargo/config.toml || ! -e $file ]] || cp "$file" "$out/.cargo/config.toml"
          done
        fi

        [[ -z $manifests ]] || ln -s "$manifests" "$out/.dyndrv-manifests"
        for name in "''${!links[@]}"; do
          ln -s "''${links[$name]}" "$out/$name"
        done
        # of DIRECTORY DEPTH: adds the packages in it to `entries`.
        entries=()
        of() {
          local entry
          for entry in "$1"/*; do
            if [[ -e $entry/Cargo.toml || -n $manifests && -f $entry ]]; then
              entries+=("$entry")
            elif [[ -d $entry && $2 == 1 ]]; then
              of "$entry" 2
            fi
          done
        }
        [[ -z $rest ]] || of "$rest" 1
        targets=()
        if ((''${#entries[@]})); then
          mapfile -t targets < <(readlink -f "''${entries[@]}")
        fi
        declare -A seen=()
        for i in "''${!entries[@]}"; do
          name=''${entries[i]##*/}
          [[ -z ''${links[$name]-} ]] || continue
          # `cargo vendor` names the newest version's directory without it.
          for replaced in "''${replacedVersions[@]}"; do
            [[ $name == "''${replaced% *}" ]] || continue
            manifest=$(<"''${targets[i]}/Cargo.toml")
            if [[ $manifest =~ (^|[^-a-z])version\ *=\ *\""''${replaced#* }"\" ]]; then continue 2; fi
          done
          if [[ -n ''${seen[$name]-} ]]; then
            echo "error: $name is there from several sources, which is not supported, nor does \`cargo vendor\`. Use one of them, by \`[patch]\` if need be" >&2
            exit 1
          fi
          seen[$name]=1
          ln -s "''${targets[i]}" "$out/$name"
        done
        exit 0
      ''
    ];
  }
)
