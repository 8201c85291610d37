# The third-party packages of a project as the core takes them, each a store object of its own, so that a
# change of one of them reaches only the units that use it:
#
#   vendor           a directory of links to all of them, archives as they are
#   vendorDirectory  the derivation that makes the same without archives; null if there are none
#   unpacked         the same, for whoever builds it
#
# | a package | comes from |
# |---|---|
# | of a source that cargo's configuration among the sources replaces by a directory there | that directory |
# | of a directory that `vendor` names | that directory |
# | of the public registry, or of one of `extraRegistries` | its archive (`nix/archives.nix`) |
# | any other, such as one from git | nixpkgs' `importCargoLock` |
#
# Of a lock file that is not known at evaluation, packages of registries are fetched by what a step reads of it
# (`nix/fetches.nix`).
#
# A derivation as `vendor` is the directory itself, or, of nixpkgs' `fetchCargoVendor` and of crane,
# has a directory for each source.
{
  pkgs,
  system,
  # A package with the planner.
  dyndrv,
  # The source tree, and where the workspace is below it.
  src,
  workspace,
  # The user's argument.
  vendor,
  # `nix/lock.nix`, and whether more of it than `fetching` is known at evaluation.
  lock,
  isLockKnown,
  # `nix/own-vendor.nix`.
  own,
  # `<name>-<version>` → { patches, prePatch, postPatch, patchFlags }, of packages that are changed.
  changes,
  # The crates that `crateEnv` names, if no lock file is known at evaluation to check them against.
  unchecked,
}:

let
  directories = import ./vendored.nix {
    inherit system;
    inherit (pkgs) bash coreutils;
  };

  registries = import ./registries.nix (lock.fetching.extraRegistries or { });

  archives = import ./archives.nix {
    inherit system dyndrv;
    inherit (pkgs) fetchurl;
    inherit registries;
    metadata = lock.table.metadata or { };
  };

  sources =
    if isLockKnown then builtins.attrNames (builtins.groupBy (p: p.source) lock.foreign) else [ ];
  wanted = if vendor == null then builtins.filter (p: !(own.covers p.source)) lock.foreign else [ ];
  divided = builtins.partition archives.covers wanted;

  # `<name>-<version>` → the archive of a package, in all and in those that are changed.
  all = archives.of divided.right;
  archived = removeAttrs all (builtins.attrNames changes);
  altered = builtins.mapAttrs (name: _: changed name (alone name)) (
    builtins.intersectAttrs changes all
  );

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

  # Without the changes of packages that are no archives. `packages` are the archives, as `directories`
  # takes them.
  unchanged =
    { packages, manifests }:
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
    else if own.dirs == [ ] && all == { } && imported != null then
      imported
    else
      directories {
        inherit (own) dirs;
        inherit sources manifests;
        packages = packages // altered;
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
  alone = name: {
    src = (archives.unpacked { ${name} = all.${name}; }).${name};
    find = "from=$src";
  };
  amongOthers = {
    src = unchanged asArchives;
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

  otherChanges = removeAttrs changes (builtins.attrNames all);

  asArchives = {
    packages = builtins.mapAttrs (_: archive: archive.file) archived;
    manifests = if archived == { } then null else archives.manifests archived;
  };
  asDirectories = {
    packages = archives.unpacked archived;
    manifests = null;
  };

  packagesOf =
    form:
    if otherChanges == { } then
      unchanged form
    else
      directories {
        rest = unchanged form;
        inherit (form) manifests;
        replaced = builtins.mapAttrs (name: _: {
          inherit (byDirectory.${name}) name version;
          package = changed name amongOthers;
        }) otherChanges;
        sources = null;
      };
in
if isLockKnown || vendor != null then
  rec {
    vendor = packagesOf asArchives;
    unpacked = packagesOf asDirectories;
    vendorDirectory =
      if archived == { } then null else builtins.unsafeDiscardOutputDependency unpacked.drvPath;
  }
else
  # Whatever changes sources needs a lock file at evaluation, and says so.
  builtins.seq (builtins.attrNames changes) (
    import ./fetches.nix {
      inherit
        system
        dyndrv
        src
        workspace
        registries
        ;
      crates = unchecked;
    }
  )
