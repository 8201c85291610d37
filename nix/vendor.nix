# The third-party packages of a project as the core takes them: a directory of links, each to a store
# object of its own, so that a change of one of them reaches only the units that use it.
#
# | a package | comes from |
# |---|---|
# | of a source that cargo's configuration among the sources replaces by a directory there | that directory |
# | of a directory that `vendor` names | that directory |
# | of the public registry, or of one of `extraRegistries` | its archive (`nix/archives.nix`) |
# | any other, such as one from git | nixpkgs' `importCargoLock` |
#
# A derivation as `vendor` is the directory itself, or, of nixpkgs' `fetchCargoVendor` and of crane,
# has a directory for each source.
{
  pkgs,
  system,
  # A package with the planner.
  dyndrv,
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

  archives = import ./archives.nix {
    inherit system dyndrv;
    inherit (pkgs) fetchurl;
    extraRegistries = lock.fetching.extraRegistries or { };
    metadata = lock.table.metadata or { };
  };

  sources = builtins.attrNames (builtins.groupBy (p: p.source) lock.foreign);
  wanted = if vendor == null then builtins.filter (p: !(own.covers p.source)) lock.foreign else [ ];
  divided = builtins.partition archives.covers wanted;

  # `<name>-<version>` → the store object of a package that is an archive.
  unpacked = archives.unpacked divided.right;
  packages = builtins.mapAttrs (
    name: package: if changes ? ${name} then changed name (alone package) else package
  ) unpacked;

  imported =
    if divided.wrong == [ ] then
      null
    else
      pkgs.rustPlatform.importCargoLock (
        {
          lockFileContents =
            if divided.wrong == lock.foreign then
              lock.contents
            else
              import ./lock-text.nix { } (lock.table // { package = divided.wrong; });
        }
        // lock.fetching
      );

  # Without the changes of packages that are no archives.
  unchanged =
    if vendor ? outPath && vendor ? drvPath then
      directories {
        rest = vendor;
        sources = null;
      }
    else if vendor != null then
      directories {
        dirs = [ vendor ];
        inherit sources;
      }
    else if own.dirs == [ ] && packages == { } && imported != null then
      imported
    else
      directories {
        inherit (own) dirs;
        inherit packages sources;
        rest = imported;
      };

  # Third-party packages by the names of their directories.
  byDirectory = builtins.listToAttrs (
    map (p: {
      name = "${p.name}-${p.version}";
      value = p;
    }) lock.foreign
  );

  # A package with its sources changed, as stdenv changes them. `from` has its sources, and the commands that
  # set the variable of that name to their directory.
  changed =
    name: from:
    pkgs.stdenv.mkDerivation (
      changes.${name}
      // {
        name = "crate-${name}";
        __contentAddressed = true;
        src = "${from.src}";
        crate = byDirectory.${name}.name;
        crateVersion = byDirectory.${name}.version;
        unpackPhase = ''
          ${from.find}
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
  alone = package: {
    src = package;
    find = "from=$src";
  };
  amongOthers = {
    src = unchanged;
    find = ''
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
    '';
  };

  otherChanges = removeAttrs changes (builtins.attrNames unpacked);
in

if otherChanges == { } then
  unchanged
else
  directories {
    rest = unchanged;
    replaced = builtins.mapAttrs (name: _: {
      inherit (byDirectory.${name}) name version;
      package = changed name amongOthers;
    }) otherChanges;
    sources = null;
  }
