# Lowers per-crate environments in the shape of nixpkgs' `defaultCrateOverrides`
# to what the core takes: `<name>-<version>` → { native, build, env, linkArgs, rustcArgs }.
#
# A key of the user's that is not carried out is an error that names crate and key: a dropped
# one would show only as a build that fails, or worse, does not. nixpkgs' own entries have such
# keys where buildRustCrate does otherwise than cargo; these are left out.
{
  # The `[[package]]` tables of Cargo.lock.
  lockedPackages,
  # nixpkgs' entries: those of crates that are not locked do not matter.
  defaults,
  # The user's entries: each must name a locked crate.
  overrides,
  # The platform, as `x86_64-unknown-linux-gnu`.
  platform,
}:

let
  names = builtins.listToAttrs (
    map (p: {
      inherit (p) name;
      value = null;
    }) lockedPackages
  );

  unknown = builtins.filter (name: !(names ? ${name})) (builtins.attrNames overrides);

  entries = builtins.intersectAttrs names defaults // overrides;

  # Keys of stdenv and of buildRustCrate that change how a package is built.
  unsupported = [
    "src"
    "patches"
    "unpackPhase"
    "prePatch"
    "patchPhase"
    "postPatch"
    "preConfigure"
    "configurePhase"
    "postConfigure"
    "preBuild"
    "buildPhase"
    "postBuild"
    "preInstall"
    "installPhase"
    "postInstall"
    "preFixup"
    "postFixup"
    "extraRustcOptsForBuildRs"
    "features"
    "crateBin"
    "type"
    "procMacro"
    "build"
    "libPath"
    "libName"
  ];

  lists = [
    "buildInputs"
    "propagatedBuildInputs"
    "nativeBuildInputs"
    "propagatedNativeBuildInputs"
    "extraLinkFlags"
    "extraRustcOpts"
    "env"
  ];

  # The outputs that headers and libraries live in, where a package has several.
  # In a package set for another platform, nixpkgs' splicing says which platform's
  # package is meant.
  outputsOf =
    spliced:
    let
      p = spliced.__spliced.hostTarget or spliced;
    in
    [
      (p.dev or p)
      (p.lib or (p.out or p))
    ];

  programsOf =
    spliced:
    let
      p = spliced.__spliced.buildHost or spliced;
    in
    [
      (p.bin or (p.out or p))
      (p.dev or p)
    ];

  # nixpkgs' pkg-config is a wrapper that looks at PKG_CONFIG_PATH only if it is
  # told that it works for this platform.
  pkgConfigRole = "NIX_PKG_CONFIG_WRAPPER_TARGET_HOST_${
    builtins.replaceStrings [ "-" "." ] [ "_" "_" ] platform
  }";

  unique = builtins.foldl' (acc: x: if builtins.elem x acc then acc else acc ++ [ x ]) [ ];

  toValue =
    crate: key: value:
    if builtins.isList value then
      builtins.concatStringsSep " " (map (toValue crate key) value)
    else if builtins.isBool value then
      (if value then "1" else "")
    else if builtins.isInt value then
      toString value
    else if builtins.isString value || builtins.isPath value || value ? outPath then
      "${value}"
    else
      throw "dyndrv: crateEnv.${crate}.${key}: a variable must be a string, a path, a number, a boolean, a package, or a list of these, not ${builtins.typeOf value}";

  lower =
    crate: version:
    let
      entry = entries.${crate};
      attrs =
        if builtins.isFunction entry then
          entry {
            crateName = crate;
            inherit version;
            features = throw "dyndrv: crateEnv.${crate} asks for the crate's features, which are not known at evaluation; set the variable unconditionally";
          }
        else
          entry;
      bad = if overrides ? ${crate} then builtins.filter (key: attrs ? ${key}) unsupported else [ ];
      rest = removeAttrs attrs (lists ++ unsupported) // (attrs.env or { });
    in
    if bad != [ ] then
      throw "dyndrv: crateEnv.${crate} sets `${builtins.head bad}`, which is not supported: dyndrv builds the published sources of a crate by cargo's own rules. Replace the entry by one of buildInputs, nativeBuildInputs, extraLinkFlags, extraRustcOpts and variables, or by { } if the crate needs nothing"
    else
      {
        native = unique (
          map (p: "${p}") (
            builtins.concatMap programsOf (
              (attrs.nativeBuildInputs or [ ]) ++ (attrs.propagatedNativeBuildInputs or [ ])
            )
          )
        );
        build = unique (
          map (p: "${p}") (
            builtins.concatMap outputsOf ((attrs.buildInputs or [ ]) ++ (attrs.propagatedBuildInputs or [ ]))
          )
        );
        linkArgs = attrs.extraLinkFlags or [ ];
        rustcArgs = attrs.extraRustcOpts or [ ];
        env = {
          ${pkgConfigRole} = "1";
        }
        // builtins.mapAttrs (toValue crate) rest;
      };

  locked = builtins.filter (p: entries ? ${p.name}) lockedPackages;
in

if unknown != [ ] then
  throw "dyndrv: crateEnv names the crate `${builtins.head unknown}`, which Cargo.lock does not have. Correct the name or remove the entry"
else
  builtins.listToAttrs (
    map (p: {
      name = "${p.name}-${p.version}";
      value = lower p.name p.version;
    }) locked
  )
