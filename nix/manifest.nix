# What a workspace's manifests say of its package, as far as Nix has a place for it.
{
  # The workspace's directory.
  root,
  # Where cargo is started below it.
  directory,
  # What cargo is asked for: the `selection` of `nix/project.nix`.
  selection,
}:

let
  manifest = import ./toml.nix (root + "/Cargo.toml");
  members = import ./members.nix root;

  # A key of `[package]`, which a member may inherit from its workspace.
  keyOf =
    package: key:
    let
      value = package.manifest.package.${key} or null;
    in
    if value.workspace or false then manifest.workspace.package.${key} or null else value;

  # The packages that cargo builds.
  built =
    if selection.packages != [ ] then
      builtins.filter (member: builtins.elem member.name selection.packages) members
    else if selection.workspace then
      members
    else if directory != "" then
      builtins.filter (member: member.dir == root + "/${directory}") members
    else if manifest ? package then
      builtins.filter (member: member.name == manifest.package.name) members
    else
      let
        default = manifest.workspace.default-members or [ ];
        isDefault = member: builtins.any (dir: root + "/${dir}" == member.dir) default;
      in
      if default == [ ] then members else builtins.filter isDefault members;

  # The features of a package that are on, for what has `required-features`.
  featuresOf =
    member:
    let
      known = member.manifest.features or { };
      start = selection.features ++ (if selection.noDefaultFeatures then [ ] else [ "default" ]);
      closure = builtins.genericClosure {
        startSet = map (key: { inherit key; }) start;
        operator = feature: map (key: { inherit key; }) (known.${feature.key} or [ ]);
      };
    in
    map (feature: feature.key) closure;

  # The programs of a package, as cargo finds them.
  programsOf =
    member:
    let
      inherit (member) dir manifest;
      named = manifest.bin or [ ];
      isOn =
        bin:
        selection.allFeatures
        || builtins.all (name: builtins.elem name (featuresOf member)) (bin.required-features or [ ]);
      stem = builtins.match "(.*)[.]rs";
      entries =
        if builtins.pathExists (dir + "/src/bin") then builtins.readDir (dir + "/src/bin") else { };
      programOf =
        entry:
        if entries.${entry} == "directory" then
          (if builtins.pathExists (dir + "/src/bin/${entry}/main.rs") then [ entry ] else [ ])
        else if stem entry != null then
          stem entry
        else
          [ ];
      # A table that names its file takes that file's place.
      takes = bin: [ bin.name ] ++ (if bin.path or "" == "src/main.rs" then [ member.name ] else [ ]);
      taken = builtins.concatMap takes named;
      found =
        (if builtins.pathExists (dir + "/src/main.rs") then [ member.name ] else [ ])
        ++ builtins.concatMap programOf (builtins.attrNames entries);
    in
    map (bin: bin.name) (builtins.filter isOn named)
    ++ (
      if manifest.package.autobins or true then
        builtins.filter (name: !(builtins.elem name taken)) found
      else
        [ ]
    );

  programs = if selection.bins != [ ] then selection.bins else builtins.concatMap programsOf built;

  # What `cargo run` would start.
  defaultRun = builtins.filter (name: name != null) (map (member: keyOf member "default-run") built);
  started =
    if defaultRun != [ ] && builtins.elem (builtins.head defaultRun) programs then
      [ (builtins.head defaultRun) ]
    else
      programs;

  # The package that is the result, if it is one alone.
  single = if builtins.length built == 1 then keyOf (builtins.head built) else _: null;

  # These two name the derivation, so that each evaluation needs them: they come from the
  # manifest where cargo is started, and no other is read.
  here = if directory == "" then manifest else import ./toml.nix (root + "/${directory}/Cargo.toml");
  isHere =
    here ? package && (selection.packages == [ ] || selection.packages == [ here.package.name ]);
  hereKey = keyOf { manifest = here; };
in
{
  pname =
    if isHere then
      here.package.name
    else if builtins.length selection.packages == 1 then
      builtins.head selection.packages
    else
      manifest.package.name or "cargo-workspace";

  version =
    let
      own = if isHere then hereKey "version" else manifest.workspace.package.version or null;
    in
    if own == null then "" else own;

  # With several programs and none that is the default, none is the main one.
  mainProgram = if builtins.length started == 1 then builtins.head started else null;

  # Texts as Cargo.toml has them; null where it has none.
  description = single "description";
  homepage =
    let
      homepage = single "homepage";
    in
    if homepage != null then homepage else single "repository";
  # An expression of SPDX.
  license = single "license";

  members = map (member: member.name) members;
}
