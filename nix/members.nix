# A workspace's packages, from its manifests alone: a list of
#
#   name       the package's name
#   dir        its directory, a path
#   manifest   its manifest
#
# ordered by name. Path dependencies that cargo counts as members without being told are not
# found; name them in `checks.members`.
root:

let
  read = dir: import ./toml.nix (dir + "/Cargo.toml");
  manifest = read root;
  workspace = manifest.workspace or { };

  # A glob without `/` as a regular expression.
  pattern =
    glob:
    builtins.replaceStrings
      [
        "."
        "*"
        "?"
        "+"
        "("
        ")"
        "{"
        "}"
        "|"
        "^"
        "$"
      ]
      [
        "[.]"
        ".*"
        "."
        "[+]"
        "[(]"
        "[)]"
        "[{]"
        "[}]"
        "[|]"
        "\\^"
        "[$]"
      ]
      glob;

  isGlob = segment: builtins.match ".*[*?[].*" segment != null;

  # The directories below `prefix` that a list of path segments comes to.
  expand =
    prefix: segments:
    if segments == [ ] then
      [ prefix ]
    else
      let
        segment = builtins.head segments;
        rest = builtins.tail segments;
        below = if prefix == "" then segment else "${prefix}/${segment}";
        dir = if prefix == "" then root else root + "/${prefix}";
        entries = builtins.readDir dir;
        matching = builtins.filter (
          name: entries.${name} == "directory" && builtins.match (pattern segment) name != null
        ) (builtins.attrNames entries);
      in
      if segment == "" || segment == "." then
        expand prefix rest
      else if isGlob segment then
        builtins.concatMap (name: expand (if prefix == "" then name else "${prefix}/${name}") rest) matching
      else
        expand below rest;

  segmentsOf = path: builtins.filter builtins.isString (builtins.split "/" path);

  excluded = map (path: builtins.concatStringsSep "/" (segmentsOf path)) (workspace.exclude or [ ]);

  dirs = builtins.filter (
    dir: !(builtins.elem dir excluded) && builtins.pathExists (root + "/${dir}/Cargo.toml")
  ) (builtins.concatMap (path: expand "" (segmentsOf path)) (workspace.members or [ ]));

  packageIn = dir: manifest: {
    inherit (manifest.package) name;
    value = {
      inherit (manifest.package) name;
      inherit dir manifest;
    };
  };

  packages =
    (if manifest ? package then [ (packageIn root manifest) ] else [ ])
    ++ map (dir: packageIn (root + "/${dir}") (read (root + "/${dir}"))) dirs;
in

# Each once, in order.
builtins.attrValues (builtins.listToAttrs packages)
