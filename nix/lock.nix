# The lock file of a project, from whatever users give.
{
  src,
  # Where the workspace is below `src`.
  workspace,
  # null for the one of the workspace; a file; or, as in nixpkgs, a set with `lockFile` or `lockFileContents`
  # and with `outputHashes`, `extraRegistries` and `allowBuiltinFetchGit`.
  cargoLock,
}:

let
  isSet = builtins.isAttrs cargoLock && !(cargoLock ? outPath);
  given =
    if isSet then
      import ./arguments.nix {
        subject = "`cargoLock` has";
        known = {
          lockFile = null;
          lockFileContents = null;
          outputHashes = null;
          extraRegistries = null;
          allowBuiltinFetchGit = null;
        };
        standIns = { };
      } cargoLock
    else
      { lockFile = cargoLock; };

  own = if workspace == "" then src + "/Cargo.lock" else src + "/${workspace}/Cargo.lock";
  file = if given.lockFile or null == null then own else given.lockFile;

  text =
    if given ? lockFileContents then
      given.lockFileContents
    else if builtins.pathExists file then
      builtins.readFile file
    else
      throw "dyndrv: ${toString file} does not exist. Run `cargo generate-lockfile` and add Cargo.lock to the sources (in a git checkout: `git add Cargo.lock`), or name another one by `cargoLock`";

  # Without what the text is from: the file brings the whole source tree along, and what depended
  # on it would be made again after each edit.
  contents = builtins.unsafeDiscardStringContext text;
  table = builtins.fromTOML contents;

  foreign = builtins.filter (p: p ? source) (table.package or [ ]);

  # One directory holds one package of a name and version: cargo would take it for all of them.
  byName = builtins.groupBy (p: "${p.name} ${p.version}") foreign;
  several = builtins.filter (name: builtins.length byName.${name} > 1) (builtins.attrNames byName);
  twice = builtins.head several;

  # Whether it is the user who gives it, and not the sources.
  isGiven = given.lockFile or null != null || given ? lockFileContents;
in
{
  inherit isGiven contents table;
  packages = table.package or [ ];

  # The packages that are not among the sources.
  foreign =
    if several == [ ] then
      foreign
    else
      throw "dyndrv: the lock file has ${twice} from several sources, ${
        builtins.concatStringsSep " and " (map (p: p.source) byName.${twice})
      }, which is not supported, nor does `cargo vendor`. Use one of them, by `[patch]` if need be";

  # The file for a workspace whose own one is missing or another one; null to leave it.
  replacement = if !isGiven then null else builtins.toFile "Cargo.lock" contents;

  # As nixpkgs' `importCargoLock` takes them.
  fetching = {
    allowBuiltinFetchGit = true;
  }
  // builtins.intersectAttrs {
    outputHashes = null;
    extraRegistries = null;
    allowBuiltinFetchGit = null;
  } given;
}
