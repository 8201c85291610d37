# The third-party packages of a project as the core takes them: a directory of links, each to a store
# object of its own, so that a change of one of them reaches only the units that use it.
#
# | a package | comes from |
# |---|---|
# | of a source that cargo's configuration among the sources replaces by a directory there | that directory |
# | of a directory that `vendor` names | that directory |
# | any other | nixpkgs' `importCargoLock` |
#
# A derivation as `vendor` is the directory itself, or, of nixpkgs' `fetchCargoVendor` and of crane,
# has a directory for each source.
{
  pkgs,
  system,
  # The user's argument.
  vendor,
  # `nix/lock.nix`.
  lock,
  # `nix/own-vendor.nix`.
  own,
  # `<name>-<version>` → { patches, prePatch, postPatch, patchFlags }, of packages that are changed.
  changes,
}:

let
  directories = import ./vendored.nix {
    inherit system;
    inherit (pkgs) bash coreutils;
  };

  fetched =
    packages:
    if packages == [ ] then
      null
    else
      pkgs.rustPlatform.importCargoLock (
        {
          lockFileContents =
            if packages == lock.foreign then
              lock.contents
            else
              import ./lock-text.nix { } (lock.table // { package = packages; });
        }
        // lock.fetching
      );

  sources = builtins.attrNames (builtins.groupBy (p: p.source) lock.foreign);
  rest = builtins.filter (p: !(own.covers p.source)) lock.foreign;

  unchanged =
    if vendor ? outPath && vendor ? drvPath then
      directories {
        dirs = [ ];
        rest = vendor;
        sources = null;
      }
    else if vendor != null then
      directories {
        dirs = [ vendor ];
        inherit sources;
      }
    else if own.dirs == [ ] && rest != [ ] then
      fetched rest
    else
      directories {
        inherit (own) dirs;
        rest = fetched rest;
        inherit sources;
      };

  # Third-party packages by the names of their directories.
  byDirectory = builtins.listToAttrs (
    map (p: {
      name = "${p.name}-${p.version}";
      value = p;
    }) lock.foreign
  );

  # A package with its sources changed, as stdenv changes them.
  changed =
    name: change:
    pkgs.stdenv.mkDerivation (
      change
      // {
        name = "crate-${name}";
        __contentAddressed = true;
        src = "${unchanged}";
        crate = byDirectory.${name}.name;
        crateVersion = byDirectory.${name}.version;
        unpackPhase = ''
          # `cargo vendor` names the newest version's directory without it.
          for from in "$src/$crate-$crateVersion" "$src/$crate" ""; do
            [[ -e $from/Cargo.toml ]] || continue
            manifest=$(<"$from/Cargo.toml")
            if [[ $manifest =~ (^|[^-a-z])version\ *=\ *\""$crateVersion"\" ]]; then break; fi
          done
          if [[ -z $from ]]; then
            echo "error: no directory of third-party packages has $crate $crateVersion, which crateEnv.$crate changes" >&2
            exit 1
          fi
          cp -RL "$from" source
          chmod -R u+w source
          cd source
        '';
        dontConfigure = true;
        dontBuild = true;
        installPhase = "cp -R . $out";
        dontFixup = true;
      }
    );
in

if changes == { } then
  unchanged
else
  directories {
    dirs = [ ];
    rest = unchanged;
    replaced = builtins.mapAttrs (name: change: {
      inherit (byDirectory.${name}) name version;
      package = changed name change;
    }) changes;
    sources = null;
  }
