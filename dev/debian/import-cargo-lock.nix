# nixpkgs' `rustPlatform.importCargoLock`, with its output's layout: Cargo.lock, .cargo/config.toml
# with a directory source named `cargo-vendor-dir`, and one link per locked package to its own,
# unpacked store path.
{
  system,
  busybox,
  fetchurl,
}:
{
  lockFile ? null,
  lockFileContents ? builtins.readFile lockFile,
  allowBuiltinFetchGit ? false,
  outputHashes ? { },
  extraRegistries ? { },
}:
let
  lock = builtins.fromTOML lockFileContents;
  locked = builtins.filter (package: package ? source) (lock.package or [ ]);
  label = package: "${package.name}-${package.version}";
  shell = {
    inherit system;
    builder = "${busybox}/bin/sh";
  };
  contentAddressed = shell // {
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
    __contentAddressed = true;
    preferLocalBuild = true;
    allowSubstitutes = false;
  };

  # Checksums stand with the package, or (lock files of version 1) in the metadata table.
  checksum =
    package:
    package.checksum or lock.metadata."checksum ${package.name} ${package.version} (${package.source})"
      or (throw "importCargoLock: ${label package} from ${package.source} has no checksum in Cargo.lock; run `cargo generate-lockfile` or `cargo update -p ${package.name}`");

  archive =
    package:
    fetchurl {
      name = "crate-${label package}.tar.gz";
      url = "https://static.crates.io/crates/${package.name}/${package.version}/download";
      sha256 = checksum package;
    };

  # Starting a sandbox costs more than unpacking a crate: so crates are unpacked in up to sixteen
  # groups, each crate an output of its own. A crate's group follows from its checksum alone, so
  # that a change of the lock file reaches few groups, and content addressing ends it there.
  group = package: builtins.substring 0 1 (checksum package);
  groups = builtins.mapAttrs (_: unpackGroup) (
    builtins.groupBy group (builtins.filter isRegistry locked)
  );
  unpackGroup =
    packages:
    derivation (
      contentAddressed
      // {
        name = "crate";
        outputs = map label packages;
        passAsFile = [ "crates" ];
        crates = builtins.concatStringsSep "" (
          map (
            package: "${archive package} ${builtins.placeholder (label package)} ${checksum package}\n"
          ) packages
        );
        args = [
          "-c"
          ''
            set -e
            while read -r archive output sum; do
              ${busybox}/bin/mkdir $output
              ${busybox}/bin/tar -xzf $archive --strip-components=1 -C $output
              printf '{"files":{},"package":"%s"}' $sum > $output/.cargo-checksum.json
            done < $cratesPath
            exit 0
          ''
        ];
      }
    );
  registryCrate = package: groups.${group package}.${label package};

  # What cargo writes as %XX in lock files of version 4: all but letters, digits and `*-._`. Commits, tags and
  # branches have no other characters outside of them than these.
  decode =
    value:
    if lock.version or 1 < 4 then
      value
    else
      builtins.replaceStrings
        [
          "%21"
          "%22"
          "%23"
          "%24"
          "%25"
          "%26"
          "%27"
          "%28"
          "%29"
          "%2B"
          "%2C"
          "%2F"
          "%3B"
          "%3C"
          "%3D"
          "%3E"
          "%40"
          "%5D"
          "%60"
          "%7B"
          "%7C"
          "%7D"
        ]
        [
          "!"
          "\""
          "#"
          "$"
          "%"
          "&"
          "'"
          "("
          ")"
          "+"
          ","
          "/"
          ";"
          "<"
          "="
          ">"
          "@"
          "]"
          "`"
          "{"
          "|"
          "}"
        ]
        value;

  # git+<url>?<branch|tag|rev>=<value>#<commit>
  gitSource =
    source:
    let
      parts = builtins.match "git\\+([^?#]+)(\\?(rev|tag|branch)=([^#]*))?#([0-9a-f]+)" source;
      at = builtins.elemAt parts;
    in
    if parts == null then
      throw "importCargoLock: cannot read the git source ${source}"
    else
      {
        url = at 0;
        kind = at 2;
        value = at 3;
        commit = at 4;
        key = "${at 0}${if at 1 == null then "" else at 1}";
      };

  gitCrate =
    package:
    let
      git = gitSource package.source;
      tree = builtins.fetchGit {
        inherit (git) url;
        rev = git.commit;
        allRefs = true;
        submodules = true;
      };
      found = import ./git-package.nix {
        inherit tree;
        inherit (package) name version;
      };
    in
    if !allowBuiltinFetchGit then
      throw "importCargoLock: ${label package} comes from git (${git.url}); set allowBuiltinFetchGit = true"
    else
      derivation (
        contentAddressed
        // {
          name = "crate-${label package}";
          inherit tree;
          inherit (found) dir;
          passAsFile = [ "manifest" ];
          manifest = if found.manifest == null then "" else found.manifest;
          args = [ ./git-crate.sh ];
          inherit busybox;
        }
      );

  isGit = package: builtins.substring 0 4 package.source == "git+";
  isRegistry = package: builtins.match "(registry|sparse)\\+.*" package.source != null;
  crate =
    package:
    if isGit package then
      gitCrate package
    else if isRegistry package then
      registryCrate package
    else
      throw "importCargoLock: ${label package} has a source of an unknown kind, ${package.source}";

  # Each git source is replaced under its own key, as cargo looks it up.
  gitSources = builtins.listToAttrs (
    map (
      package:
      let
        git = gitSource package.source;
      in
      {
        name = git.key;
        value = git;
      }
    ) (builtins.filter isGit locked)
  );
  gitConfig = git: ''

    [source."${git.key}"]
    git = "${git.url}"
    ${
      if git.kind == null then "" else "${git.kind} = ${builtins.toJSON (decode git.value)}\n"
    }replace-with = "vendored-sources"
  '';

  # So is each registry but the default one. A sparse one's prefix is part of its address.
  otherRegistries =
    builtins.filter (source: source != "registry+https://github.com/rust-lang/crates.io-index")
      (
        builtins.attrNames (builtins.groupBy (package: package.source) (builtins.filter isRegistry locked))
      );
  registryConfig =
    source:
    let
      git = builtins.match "registry\\+(.*)" source;
      index = if git == null then source else builtins.head git;
    in
    ''

      [source."${index}"]
      registry = "${index}"
      replace-with = "vendored-sources"
    '';

  config = ''
    [source.crates-io]
    replace-with = "vendored-sources"

    [source.vendored-sources]
    directory = "cargo-vendor-dir"
  ''
  + builtins.concatStringsSep "" (
    map gitConfig (builtins.attrValues gitSources) ++ map registryConfig otherRegistries
  );
in
derivation (
  contentAddressed
  // {
    name = "cargo-vendor-dir";
    __structuredAttrs = false;
    links = builtins.concatStringsSep "\n" (map (package: "${label package} ${crate package}") locked);
    passAsFile = [
      "links"
      "lockText"
      "config"
    ];
    lockText = lockFileContents;
    # As in nixpkgs, a lock file by its path stays where it is: in a source tree it makes all of
    # that an input.
    lockPath = if lockFile == null then "" else "${lockFile}";
    inherit config;
    args = [
      "-c"
      ''
        set -e
        ${busybox}/bin/mkdir -p $out/.cargo
        if [ -n "$lockPath" ]; then
          ${busybox}/bin/ln -s $lockPath $out/Cargo.lock
        else
          ${busybox}/bin/cp $lockTextPath $out/Cargo.lock
        fi
        ${busybox}/bin/cp $configPath $out/.cargo/config.toml
        while read -r name target || [ -n "$name" ]; do
          if [ -n "$name" ]; then ${busybox}/bin/ln -s $target $out/$name; fi
        done < $linksPath
        exit 0
      ''
    ];
  }
)
