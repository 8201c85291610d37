# The planner, the unit builder and the checker, built by one plain cargo run each.
#
# All are content-addressed: an edit that leaves a binary as it was stops here, which
# matters because the builder is an input of every unit. The builder and the checker are
# built as workspaces of their own, with their part of the manifest and of the lock file,
# so that an edit of anything else does not even reach their derivations.
{
  system,
  rustc,
  cargo,
  cc,
  bash,
  coreutils,
  # The text of a lock file → a directory with its packages.
  vendorOf,
}:

let
  root = ../.;
  sources =
    name: paths:
    builtins.path {
      inherit name;
      path = root;
      filter =
        path: _type:
        let
          relative = builtins.substring (builtins.stringLength (toString root) + 1) (-1) (toString path);
        in
        builtins.any (p: relative == p || isBelow p relative || isBelow relative p) paths;
    };
  isBelow = dir: path: builtins.substring 0 (builtins.stringLength dir + 1) path == "${dir}/";

  cargoBuild =
    package: paths: attrs:
    derivation (
      {
        name = package;
        inherit system package;
        __contentAddressed = true;
        outputHashAlgo = "sha256";
        outputHashMode = "recursive";
        rustVersion = manifest.workspace.package.rust-version;
        src = sources "${package}-source" paths;
        builder = "${bash}/bin/bash";
        args = [
          "-eu"
          ./bootstrap.sh
        ];
        PATH = builtins.concatStringsSep ":" (
          map (p: "${p}/bin") [
            rustc
            cargo
            cc
            coreutils
            bash
          ]
        );
      }
      // attrs
    );

  manifest = builtins.fromTOML (builtins.readFile (root + "/Cargo.toml"));
  lockText = builtins.readFile (root + "/Cargo.lock");
  lock = builtins.fromTOML lockText;

  # Each value with its whole key. JSON's strings, numbers and lists are TOML's.
  toTOML =
    keys: value:
    if builtins.isAttrs value then
      builtins.concatStringsSep "" (
        map (key: toTOML (keys ++ [ (builtins.toJSON key) ]) value.${key}) (builtins.attrNames value)
      )
    else
      "${builtins.concatStringsSep "." keys} = ${builtins.toJSON value}\n";

  # What `names` of the workspace's packages need, as the lock file says.
  lockedFor =
    names:
    let
      item = package: {
        key = "${package.name} ${package.version}";
        inherit package;
      };
      # A dependency is `name`, or `name version` if there are several.
      find =
        dependency:
        let
          words = builtins.filter builtins.isString (builtins.split " " dependency);
          fits =
            p:
            p.name == builtins.head words
            && (builtins.length words == 1 || p.version == builtins.elemAt words 1);
        in
        builtins.head (builtins.filter fits lock.package);
    in
    map (found: found.package) (
      builtins.genericClosure {
        startSet = map (name: item (find name)) names;
        operator = found: map (d: item (find d)) (found.package.dependencies or [ ]);
      }
    );

  # A program of these members alone.
  memberBuild =
    package: members:
    let
      text = import ./lock-text.nix { withDependencies = true; } (
        lock // { package = lockedFor (map (member: "dyndrv-${member}") members); }
      );
    in
    cargoBuild package members {
      manifest = toTOML [ ] {
        workspace = {
          inherit members;
          inherit (manifest.workspace) resolver package lints;
        };
        profile = { inherit (manifest.profile) release; };
      };
      lock = text;
      vendor = vendorOf text;
    };
in
{
  dyndrv = cargoBuild "dyndrv" [
    "Cargo.toml"
    "Cargo.lock"
    "src"
    "builder"
    "checker"
    # What `dyndrv init` writes.
    "templates/default/flake.nix"
  ] { vendor = vendorOf lockText; };
  builder = memberBuild "dyndrv-builder" [ "builder" ];
  checker = memberBuild "dyndrv-checker" [
    "builder"
    "checker"
  ];
}
