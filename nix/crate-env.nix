# Lowers environments by crate, in the shape of nixpkgs' `defaultCrateOverrides`, to what the core
# takes: `<name>-<version>` (or a name, if no lock file is known) → { environment, hostEnvironment,
# rustcArgs }, and the changes of third-party sources that they ask for.
#
# | a key of an entry | becomes |
# |---|---|
# | `extraRustcOpts` | arguments of the crate's own units |
# | `patches`, `patchFlags`, `prePatch`, `postPatch` | a change of the crate's sources (third-party crates) |
# | how buildRustCrate builds: `src`, `buildPhase`, `features`, … | an error; of nixpkgs' own entries they are left out, as are changes of sources: cargo does otherwise |
# | any other | an attribute of the stdenv derivation that records the environment |
#
# An environment is named by its derivation and not by its output. So it is recorded, and its packages
# are fetched, only for crates that units are built of: lock files have the crates of all platforms
# and features. An entry of nixpkgs whose packages do not evaluate (not available on the
# platform, broken, unfree, insecure) is refused only where a unit would need it.
{
  # The `[[package]]` tables of Cargo.lock; null if they are not known at evaluation.
  lockedPackages,
  # The user's entries: each must name a locked crate.
  overrides,
  # What the platform to build for has: { pkgs; defaults = nixpkgs' entries;
  # environments = `nix/environment.nix`, or null without a C compiler; }
  target,
  # The same for the platform that the build runs on, if that is another one; else null.
  host,
}:

let
  nameOf = p: p.name;
  unique =
    names:
    builtins.attrNames (
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = null;
        }) names
      )
    );
  locked =
    if lockedPackages == null then
      map (name: {
        inherit name;
        version = null;
      }) (builtins.attrNames (target.defaults // overrides))
    else
      lockedPackages;
  names = unique (map nameOf locked);
  isLocked = name: builtins.elem name names;
  unknown = builtins.filter (name: !isLocked name) (builtins.attrNames overrides);

  # What an entry says of the sources.
  ofSources = [
    "patches"
    "patchFlags"
    "prePatch"
    "postPatch"
  ];

  # Keys of buildRustCrate and of stdenv's phases, which no unit runs.
  ofPhases = [
    "src"
    "sourceRoot"
    "unpackPhase"
    "patchPhase"
    "preConfigure"
    "configurePhase"
    "postConfigure"
    "configureFlags"
    "cmakeFlags"
    "mesonFlags"
    "makeFlags"
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

  # Values that a variable can have; null is none.
  isValue =
    value:
    value == null
    || builtins.isBool value
    || builtins.isInt value
    || builtins.isString value
    || builtins.isPath value
    || value ? outPath
    || (builtins.isList value && builtins.all isValue value);

  checked =
    name: attrs:
    let
      bad = builtins.filter (key: attrs ? ${key}) ofPhases;
      odd = builtins.filter (key: key != "env" && !isValue attrs.${key}) (builtins.attrNames attrs);
      key = builtins.head odd;
    in
    if bad != [ ] then
      throw "dyndrv: crateEnv.${name} sets `${builtins.head bad}`, which is not supported: dyndrv builds the sources of a crate by cargo's own rules. Say what the crate needs by buildInputs, nativeBuildInputs, extraLinkFlags, extraRustcOpts, patches, postPatch and variables that its build script reads"
    else if odd != [ ] then
      throw "dyndrv: crateEnv.${name}.${key}: a variable must be a string, a path, a number, a boolean, a package, or a list of these, not a ${builtins.typeOf attrs.${key}}"
    else
      attrs;

  isUsers = name: overrides ? ${name};

  # The attributes of a crate's entry for a platform.
  attrsOf =
    platform: name: version:
    let
      entry = overrides.${name} or platform.defaults.${name};
      isFunction = builtins.isFunction entry || entry ? __functor;
      given = {
        crateName = name;
        version =
          if version != null then
            version
          else
            throw "dyndrv: crateEnv.${name} asks for the crate's version, which is not known at evaluation without a lock file; name one by `cargoLock`";
        features = throw "dyndrv: crateEnv.${name} asks for the crate's features, which are not known at evaluation; set the variable unconditionally";
        # So that an entry can be for every platform: `{ pkgs, ... }: { buildInputs = [ pkgs.zlib ]; }`.
        inherit (platform) pkgs;
      };
      attrs = if isFunction then entry given else entry;
    in
    if isUsers name then checked name attrs else removeAttrs attrs (ofPhases ++ ofSources);

  # Whether an entry can be for several platforms.
  isForAll =
    name: attrs:
    let
      entry = overrides.${name};
    in
    !(isUsers name)
    || (builtins.isFunction entry && builtins.functionArgs entry ? pkgs)
    || (attrs.buildInputs or [ ] == [ ] && attrs.propagatedBuildInputs or [ ] == [ ]);

  environmentOf =
    platform: attrs:
    platform.environments.of (
      removeAttrs attrs (
        ofSources
        ++ [
          "extraRustcOpts"
        ]
      )
    );
  fileOf = drv: builtins.unsafeDiscardOutputDependency drv.drvPath;

  evaluates = value: (builtins.tryEval value).success;

  # The packages of an entry that do not evaluate, by name.
  broken =
    attrs:
    let
      inputs = builtins.concatMap (key: attrs.${key} or [ ]) [
        "nativeBuildInputs"
        "buildInputs"
        "propagatedBuildInputs"
        "propagatedNativeBuildInputs"
      ];
      bad = builtins.filter (p: !(evaluates (if p == null then null else "${p}"))) inputs;
      name =
        p:
        let
          found = builtins.tryEval (p.pname or p.name);
        in
        if found.success then found.value else "a package";
    in
    map name bad;

  # { refused } or the derivation's file.
  recordedBy =
    platform: name: version:
    let
      attrs = attrsOf platform name version;
      drv = fileOf (environmentOf platform attrs);
      tried = builtins.tryEval drv;
      reason =
        if evaluates (builtins.deepSeq (builtins.attrNames attrs) null) && broken attrs != [ ] then
          "needs ${builtins.concatStringsSep ", " (broken attrs)}, which nixpkgs refuses to evaluate on this platform (not available, broken, unfree or insecure)"
        else
          "does not evaluate on this platform";
    in
    if isUsers name then
      drv
    else if tried.success then
      tried.value
    else
      {
        refused = "the environment that nixpkgs has for the crate `${name}` ${reason}. Allow the package in the configuration of nixpkgs, or say by `crateEnv.${name}` what the crate needs ({ } for nothing)";
      };

  isKnown = platform: name: isUsers name || platform.defaults ? ${name};

  # Only what a lock file names may be evaluated: one package that does not would be in the way of all.
  unread = name: {
    refused = "nixpkgs has an environment for the crate `${name}`, and the lock file, which says whether it is needed, is not known at evaluation. Give a copy of the lock file (`cargoLock = ./Cargo.lock`), or say what the crate needs: `crateEnv.${name} = pkgs.defaultCrateOverrides.${name}`, or `{ }` for nothing";
  };

  lower =
    package@{ name, ... }:
    if lockedPackages == null && !(isUsers name) then
      {
        environment = unread name;
      }
      // (if host == null then { } else { hostEnvironment = unread name; })
    else
      lowerKnown package;

  lowerKnown =
    { name, version, ... }:
    let
      attrs = attrsOf target name version;
      rustcArgs = builtins.tryEval (attrs.extraRustcOpts or [ ]);
      forHost =
        if !(isForAll name (attrsOf host name version)) then
          {
            hostEnvironment.refused = "it is for the machine that the build runs on, in a build for another platform, and the libraries of `crateEnv.${name}` cannot be of both. Write the entry as a function of the package set, `{ pkgs, ... }: { buildInputs = [ pkgs.… ]; }`, or remove the libraries from it";
          }
        else
          { hostEnvironment = recordedBy host name version; };
    in
    (if target.environments == null then { } else { environment = recordedBy target name version; })
    // (if host != null && isKnown host name then forHost else { })
    // {
      rustcArgs =
        if isUsers name then
          attrs.extraRustcOpts or [ ]
        else if rustcArgs.success then
          rustcArgs.value
        else
          [ ];
    };

  withEntry = builtins.filter (p: isKnown target p.name) locked;
  keyOf = p: if p.version == null then p.name else "${p.name}-${p.version}";

  changeOf =
    p:
    let
      change = builtins.intersectAttrs (builtins.listToAttrs (
        map (name: {
          inherit name;
          value = null;
        }) ofSources
      )) (attrsOf target p.name p.version);
    in
    if !(isUsers p.name) || change == { } then
      [ ]
    else if lockedPackages == null then
      throw "dyndrv: crateEnv.${p.name} changes the crate's sources, which needs a lock file at evaluation; name one by `cargoLock`"
    else if !(p ? source) then
      throw "dyndrv: crateEnv.${p.name} sets `${builtins.head (builtins.attrNames change)}`, but ${p.name} is among the sources; change it there"
    else
      [
        {
          name = keyOf p;
          value = change;
        }
      ];

  environments = builtins.listToAttrs (
    map (p: {
      name = keyOf p;
      value = lower p;
    }) withEntry
  );
in

if unknown != [ ] then
  throw "dyndrv: crateEnv names the crate `${builtins.head unknown}`, which Cargo.lock does not have. Correct the name or remove the entry"
else
  {
    inherit environments;
    # The crates of the user's entries, if no lock file is known at evaluation to check them against.
    unchecked = if lockedPackages == null then builtins.attrNames overrides else [ ];
    # `<name>-<version>` → the keys of `ofSources` that change the sources of a third-party crate.
    changes = builtins.listToAttrs (builtins.concatMap changeOf withEntry);
    # For a shell: what the entries of the user, and those of nixpkgs that evaluate, ask for. Without a lock file nobody
    # knows which of nixpkgs' are needed.
    attrs =
      map
        (p: {
          inherit (p) name;
          evaluates = evaluates (fileOf (environmentOf target (attrsOf target p.name p.version)));
          attrs = attrsOf target p.name p.version;
        })
        (
          builtins.filter (
            p: target.environments != null && (lockedPackages != null || isUsers p.name)
          ) withEntry
        );
  }
