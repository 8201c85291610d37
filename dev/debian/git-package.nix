# A package in a git tree, by cargo's rules: where it is, and what its manifest says once the keys
# that it inherits from its workspace are filled in. Evaluation alone: the tree is in the store already.
#
#   { dir = "crates/one"; manifest = null, or the text of a manifest that inherits nothing; }
{
  # The tree, as `builtins.fetchGit` gives it.
  tree,
  name,
  version,
}:
let
  join = dir: entry: if dir == "" then entry else "${dir}/${entry}";
  at = path: if path == "" then "${tree}" else "${tree}/${path}";
  textOf = dir: builtins.readFile (at (join dir "Cargo.toml"));
  read = dir: builtins.fromTOML (textOf dir);

  # Every directory with a manifest, in cargo's order of looking: not in hidden ones, nor in those of builds.
  packagesBelow =
    dir:
    let
      entries = builtins.readDir (at dir);
      isPackage = entries ? "Cargo.toml";
      skipped = entry: builtins.substring 0 1 entry == "." || entry == "target" && isPackage;
      below = builtins.filter (entry: entries.${entry} == "directory" && !skipped entry) (
        builtins.attrNames entries
      );
    in
    (if isPackage then [ dir ] else [ ])
    ++ builtins.concatMap (entry: packagesBelow (join dir entry)) below;

  # Only manifests that may be the package's are parsed, and none after it: test data can hold broken ones.
  mayBe = dir: builtins.length (builtins.split "name[ \t]*=[ \t]*[\"']${name}[\"']" (textOf dir)) > 1;
  isIt =
    dir:
    let
      package = (read dir).package or { };
    in
    package.name or null == name && (inherited dir).package.version or "0.0.0" == version;
  first =
    dirs:
    if dirs == [ ] then
      throw "importCargoLock: no package named ${name} of version ${version} in the git tree ${tree}"
    else
      let
        dir = builtins.head dirs;
      in
      if mayBe dir && isIt dir then dir else first (builtins.tail dirs);

  segments =
    path:
    builtins.filter (part: builtins.isString part && part != "" && part != ".") (
      builtins.split "/" path
    );
  parent = dir: builtins.concatStringsSep "/" (init (segments dir));
  init = list: builtins.genList (builtins.elemAt list) (builtins.length list - 1);
  climb =
    dir: path:
    builtins.concatStringsSep "/" (
      builtins.foldl' (done: part: if part == ".." then init done else done ++ [ part ]) (segments dir) (
        segments path
      )
    );

  # The directory of the workspace's manifest.
  rootOf =
    dir: manifest:
    if manifest ? workspace then
      dir
    else if manifest ? package.workspace then
      climb dir manifest.package.workspace
    else if dir == "" then
      throw "importCargoLock: the git package ${name} ${version} inherits keys from a workspace, and no manifest above it in ${tree} has one"
    else
      let
        above = parent dir;
      in
      if builtins.pathExists (at (join above "Cargo.toml")) then
        rootAbove dir above
      else
        rootOf above { };
  rootAbove =
    dir: above:
    let
      manifest = read above;
    in
    if manifest ? workspace then
      above
    else if above == "" then
      rootOf "" { }
    else
      rootOf above { };

  isInherited = value: builtins.isAttrs value && value.workspace or false == true;

  inherited =
    dir:
    let
      manifest = read dir;
      root = rootOf dir manifest;
      workspace = (read root).workspace;
      missing =
        key:
        throw "importCargoLock: the git package ${name} ${version} inherits `${key}`, which its workspace in ${tree} does not have";

      # From the package's directory up to the workspace's.
      up = builtins.concatStringsSep "" (
        map (_: "../") (
          builtins.genList (n: n) (builtins.length (segments dir) - builtins.length (segments root))
        )
      );
      readme =
        value:
        let
          names = builtins.filter (file: builtins.pathExists (at (join root file))) [
            "README.md"
            "README.txt"
            "README"
          ];
        in
        if value != true then
          value
        else if names == [ ] then
          false
        else
          builtins.head names;
      packageKey =
        key: value:
        let
          given = workspace.package.${key} or (missing "package.${key}");
        in
        if !(isInherited value) then
          value
        else if key == "license-file" then
          "${up}${given}"
        else if key == "readme" then
          (
            let
              file = readme given;
            in
            if builtins.isString file then "${up}${file}" else file
          )
        else
          given;

      dependency =
        key: value:
        let
          given = workspace.dependencies.${key} or (missing "dependencies.${key}");
          base = if builtins.isString given then { version = given; } else given;
          own = builtins.removeAttrs value [
            "workspace"
            "features"
            "default-features"
            "default_features"
          ];
          features = base.features or [ ] ++ value.features or [ ];
          defaults = table: table.default-features or table.default_features or null;
        in
        if !(isInherited value) then
          value
        else
          builtins.removeAttrs base [ "default_features" ]
          // own
          // (if features == [ ] then { } else { inherit features; })
          # The package can only ask for more than its workspace does.
          // (
            if defaults base == null then
              { }
            else
              { default-features = defaults base || defaults value == true; }
          );
      dependencies =
        table:
        builtins.mapAttrs (
          key: value:
          if
            builtins.elem key [
              "dependencies"
              "dev-dependencies"
              "dev_dependencies"
              "build-dependencies"
              "build_dependencies"
            ]
          then
            builtins.mapAttrs dependency value
          else
            value
        ) table;
      topLevel =
        key: value:
        if key == "package" || key == "project" then
          builtins.removeAttrs (builtins.mapAttrs packageKey value) [ "workspace" ]
        else if key == "target" then
          builtins.mapAttrs (_: dependencies) value
        else if key == "lints" && isInherited value then
          workspace.lints or (missing "lints")
        else if key == "badges" && isInherited value then
          workspace.package.badges or (missing "badges")
        else
          value;
    in
    builtins.mapAttrs topLevel (dependencies manifest);

  # JSON's strings, numbers and lists are TOML's.
  toml =
    value:
    if builtins.isAttrs value then
      "{ ${
        builtins.concatStringsSep ", " (
          map (key: "${builtins.toJSON key} = ${toml value.${key}}") (builtins.attrNames value)
        )
      } }"
    else if builtins.isList value then
      "[${builtins.concatStringsSep ", " (map toml value)}]"
    else
      builtins.toJSON value;
  document =
    table:
    builtins.concatStringsSep "" (
      map (key: "${builtins.toJSON key} = ${toml table.${key}}\n") (builtins.attrNames table)
    );

  dir = first (packagesBelow "");
  filled = inherited dir;
in
{
  inherit dir;
  manifest = if filled == read dir then null else document filled;
}
