# Packages of registries: their archives, each a store object of its own, whose path follows from its
# contents and its name alone.
#
# nixpkgs' `fetchurl` fetches the archives, one by one, under the names that its `importCargoLock` gives
# them. A unit unpacks the archive of its package: Nix takes long to register a store object of many files.
# For the same reason what cargo reads of all packages is a single file, which one derivation writes.
#
# Directories are for a cargo that a test starts; for one that a build script starts, the unit builder
# unpacks the archives. They are made in up to sixteen batches: a
# sandbox for each of hundreds would take longer than the unpacking, and Nix takes long to register very
# many outputs of one derivation. A package's batch follows from its checksum: so a package more
# unpacks one batch, and every other directory stays where it is.
{
  system,
  # A package with the planner.
  dyndrv,
  fetchurl,
  # `nix/registries.nix`.
  registries,
  # The `[metadata]` table of a lock file of the first version, which has the checksums; else empty.
  metadata,
}:

let
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

  step = import ./step.nix { inherit system dyndrv; };

  # What packages have in their files may look like a reference.
  discarded = builtins.mapAttrs (_: _: true);

  readable = builtins.mapAttrs (_: archive: { inherit (archive) package file; });

  unpack =
    archives:
    step "vendored" "vendor" {
      archives = readable archives;
      outputs = builtins.attrNames archives;
      unsafeDiscardReferences = discarded archives;
    };

  batchOf = archive: builtins.substring 0 1 archive.checksum;
in
{
  # Whether a package of the lock file is an archive.
  covers = package: registries ? ${indexOf package};

  # `<name>-<version>` → the archive of each of these packages.
  of =
    packages:
    builtins.listToAttrs (
      map (package: {
        name = labelOf package;
        value = archiveOf package;
      }) packages
    );

  # `<name>-<version>` → the directory of each of these archives.
  unpacked =
    archives:
    let
      inBatch = builtins.groupBy (label: batchOf archives.${label}) (builtins.attrNames archives);
      only =
        labels:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = archives.${name};
          }) labels
        );
      batches = builtins.mapAttrs (_: labels: unpack (only labels)) inBatch;
    in
    builtins.mapAttrs (label: archive: batches.${batchOf archive}.${label}) archives;

  # What cargo reads of these archives, by the same names.
  manifests =
    archives:
    step "manifests" "manifests" {
      archives = readable archives;
      unsafeDiscardReferences.out = true;
    };
}
