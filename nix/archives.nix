# Packages of registries, each unpacked into a store object of its own, whose path follows from the
# contents of the package alone.
#
# nixpkgs' `fetchurl` fetches the archives, one by one, under the names that its `importCargoLock` gives
# them. They are unpacked in up to sixteen batches: a sandbox for each of hundreds would take longer
# than the unpacking, and Nix takes long to register very many outputs of one derivation. A
# package's batch follows from its checksum: so a package more unpacks one batch, and every
# other package stays where it is.
{
  system,
  # A package with the planner.
  dyndrv,
  fetchurl,
  # The index of each registry beside the public one → where its archives are, as `importCargoLock`
  # has them.
  extraRegistries,
  # The `[metadata]` table of a lock file of the first version, which has the checksums; else empty.
  metadata,
}:

let
  registries = {
    "https://github.com/rust-lang/crates.io-index" = "https://static.crates.io/crates";
  }
  // extraRegistries;

  # The index of a package's registry. A sparse one's prefix is part of its address.
  indexOf =
    package:
    let
      git = builtins.match "registry[+](.*)" package.source;
    in
    if git == null then package.source else builtins.head git;

  labelOf = package: "${package.name}-${package.version}";

  archiveOf =
    package:
    let
      checksum =
        package.checksum or metadata."checksum ${package.name} ${package.version} (${package.source})"
          or (throw "dyndrv: Cargo.lock has no checksum for ${package.name} ${package.version}, which comes from ${package.source}. `cargo update -p ${package.name}@${package.version} --precise ${package.version}` adds it");
    in
    {
      inherit checksum;
      package = "${package.name} ${package.version}";
      file = fetchurl {
        name = "crate-${labelOf package}.tar.gz";
        url = "${registries.${indexOf package}}/${package.name}/${package.version}/download";
        sha256 = checksum;
      };
    };

  unpack =
    archives:
    derivation {
      name = "vendored";
      inherit system archives;
      outputs = builtins.attrNames archives;
      __contentAddressed = true;
      outputHashAlgo = "sha256";
      outputHashMode = "recursive";
      __structuredAttrs = true;
      # What packages have in their files may look like a reference.
      unsafeDiscardReferences = builtins.mapAttrs (_: _: true) archives;
      builder = "${dyndrv}/bin/dyndrv";
      args = [ "vendor" ];
      preferLocalBuild = true;
      allowSubstitutes = false;
    };

  batchOf = archive: builtins.substring 0 1 archive.checksum;
in
{
  # Whether a package of the lock file is an archive.
  covers = package: registries ? ${indexOf package};

  # `<name>-<version>` → its store object, for packages that are.
  unpacked =
    packages:
    let
      archives = builtins.listToAttrs (
        map (package: {
          name = labelOf package;
          value = archiveOf package;
        }) packages
      );
      inBatch = builtins.groupBy (label: batchOf archives.${label}) (builtins.attrNames archives);
      batches = builtins.mapAttrs (
        _: labels:
        unpack (
          builtins.listToAttrs (
            map (name: {
              inherit name;
              value = archives.${name};
            }) labels
          )
        )
      ) inBatch;
    in
    builtins.mapAttrs (label: archive: batches.${batchOf archive}.${label}) archives;
}
