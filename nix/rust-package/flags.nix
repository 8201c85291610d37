# What command-line flags of `cargo build` or `cargo test` say, as arguments of `build`:
# { packages; allMembers; bins; features; allFeatures; noDefaultFeatures; profile or null; manifest = the directory
# of --manifest-path, or null; targets = of tests, as in `nix/checks.nix`; }
{
  # The argument that has the flags, and the package.
  name,
  package,
  # Whether they are of `cargo test`.
  ofTests ? false,
}:
flags:

let
  # In a derivation's environment an element may have several words.
  words = builtins.filter (word: builtins.isString word && word != "") (
    builtins.concatMap (flag: builtins.split "[ \n\t]+" (toString flag)) (
      if builtins.isList flags then flags else [ flags ]
    )
  );

  none = {
    packages = [ ];
    allMembers = false;
    bins = [ ];
    features = [ ];
    allFeatures = false;
    noDefaultFeatures = false;
    profile = null;
    manifest = null;
    targets = null;
  };

  add =
    key: value: said:
    said // { ${key} = said.${key} ++ value; };
  set =
    key: value: said:
    said // { ${key} = value; };
  listed = value: builtins.filter (f: builtins.isString f && f != "") (builtins.split "," value);

  withValue = {
    "--package" = value: add "packages" [ value ];
    "--features" = value: add "features" (listed value);
    "--profile" = set "profile";
    "--manifest-path" =
      value:
      let
        directory = builtins.match "([.]/)?((.*)/)?Cargo[.]toml" value;
      in
      if directory == null then
        refuse "--manifest-path=${value}"
      else
        set "manifest" (
          let
            at = builtins.elemAt directory 2;
          in
          if at == null then "" else at
        );
    # How many at once, Nix says.
    "--jobs" = _: said: said;
  }
  // (
    if ofTests then
      { "--test" = value: target (targets: targets // { tests = targets.tests or [ ] ++ [ value ]; }); }
    else
      { "--bin" = value: add "bins" [ value ]; }
  );
  target =
    change: said: said // { targets = change (if said.targets == null then { } else said.targets); };
  alone = {
    "--workspace" = set "allMembers" true;
    "--all" = set "allMembers" true;
    "--all-features" = set "allFeatures" true;
    "--no-default-features" = set "noDefaultFeatures" true;
    "--release" = set "profile" "release";
    # Units are built so in any case.
    "--locked" = said: said;
    "--offline" = said: said;
    "--frozen" = said: said;
    "--verbose" = said: said;
    "--quiet" = said: said;
  }
  // (
    if ofTests then
      {
        "--lib" = target (targets: targets // { lib = true; });
        "--bins" = target (targets: targets // { bins = true; });
        "--no-fail-fast" = said: said;
      }
    else
      { }
  );
  short = {
    "-p" = "--package";
    "-F" = "--features";
    "-j" = "--jobs";
    "-r" = "--release";
    "-v" = "--verbose";
    "-vv" = "--verbose";
    "-q" = "--quiet";
  };

  refuse =
    word:
    throw "dyndrv: buildRustPackage cannot honour `${word}` in `${name}` of `${package}`. What is known: ${
      builtins.concatStringsSep ", " (builtins.attrNames withValue ++ builtins.attrNames alone)
    }";

  step =
    said: rest:
    if rest == [ ] then
      said
    else
      let
        word = builtins.head rest;
        more = builtins.tail rest;
        parts = builtins.match "(--[a-z-]+)=(.*)" word;
        glued = builtins.match "(-[pFj])(.+)" word;
        long = short.${word} or word;
      in
      if parts != null && withValue ? ${builtins.head parts} then
        step (withValue.${builtins.head parts} (builtins.elemAt parts 1) said) more
      else if alone ? ${long} then
        step (alone.${long} said) more
      else if withValue ? ${long} && more != [ ] then
        step (withValue.${long} (builtins.head more) said) (builtins.tail more)
      else if glued != null then
        step (withValue.${short.${builtins.head glued}} (builtins.elemAt glued 1) said) more
      else
        refuse word;
in
step none words
