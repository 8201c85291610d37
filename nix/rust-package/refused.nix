# Refuses arguments of `buildRustPackage` that units cannot honour, each with the reason and with what stands
# in for it, and misspelt ones. Gives the arguments back.
{
  # The arguments of `build`, by name.
  ofBuild,
}:
args:

let
  isOn =
    name:
    !(builtins.elem (args.${name} or null) [
      null
      false
      ""
      [ ]
    ]);
  isTested = name: args.doCheck && isOn name;
  # Whether a phase calls cargo, where stdenv runs it.
  callsCargo =
    name:
    isTested name && builtins.match ".*(^|[^-a-zA-Z0-9_./$])cargo .*" (oneLine args.${name}) != null;

  ofTests = "It calls cargo, which is not there: tests are units, and have to pass before. Choose them by `cargoTestFlags` and `checkFlags`, give variables for them by `dyndrv.checks.testEnv` and files by `dyndrv.checks.testData`, or set `doCheck = false`";
  noCargo = "cargo is not called in stdenv: units are built before. What changes the sources stands in `postPatch`, `preConfigure` or `preBuild`, what remains to be done in `postBuild` and `postInstall`";

  # Name → { when = whether it is refused; why; }
  reasons = {
    buildPhase = {
      when = isOn "buildPhase";
      why = noCargo;
    };
    dontCargoBuild = {
      when = isOn "dontCargoBuild";
      why = noCargo;
    };
    setSourceRoot = {
      when = isOn "setSourceRoot";
      why = "Where the sources are must be known before they are unpacked: give `sourceRoot`";
    };
    cargoUpdateHook = {
      when = isOn "cargoUpdateHook";
      why = "Give the lock file to build with by `cargoLock.lockFile`";
    };
    cargoDepsHook = {
      when = isOn "cargoDepsHook";
      why = "Change a third-party package by `dyndrv.crateEnv.<name>.postPatch` or `.patches`";
    };
    auditable = {
      when = isOn "auditable";
      why = "cargo-auditable takes the place of cargo, which no unit calls: leave it out";
    };
    checkFlagsArray = {
      when = isTested "checkFlagsArray";
      why = "Name the flags of test executables by `checkFlags`";
    };
    postCheck = {
      when = callsCargo "postCheck";
      why = ofTests;
    };
    checkPhase = {
      when = callsCargo "checkPhase";
      why = ofTests;
    };
  };
  refused = builtins.filter (name: reasons.${name}.when) (builtins.attrNames reasons);
  name = builtins.head refused;

  # nixpkgs' name for a copy of all third-party packages that can be written to.
  mentionsCopy =
    key:
    builtins.isString args.${key}
    && builtins.match ".*[$][{]?cargoDepsCopy.*" (oneLine args.${key}) != null;
  oneLine = builtins.replaceStrings [ "\n" ] [ " " ];
  copying = builtins.filter mentionsCopy (builtins.attrNames args);

  wrong =
    key: why:
    throw "dyndrv: buildRustPackage cannot honour `${key}` of `${args.pname or args.name}`. ${why}";
in

if refused != [ ] then
  wrong name reasons.${name}.why
else if copying != [ ] then
  wrong (builtins.head copying) "It mentions `$cargoDepsCopy`, which is not there: third-party packages are store objects of their own. Change one by `dyndrv.crateEnv.<name>.postPatch` or `.patches`"
else if args ? dyndrv && !(builtins.isAttrs args.dyndrv) then
  wrong "dyndrv" "It is a set of arguments of `build`, such as { crateEnv = { … }; }"
else
  import ../arguments.nix {
    subject = "`buildRustPackage` has";
    known = builtins.listToAttrs (
      map (name: {
        inherit name;
        value = null;
      }) (import ./known.nix)
    );
    standIns =
      builtins.mapAttrs (name: _: "Arguments of `build` stand in `dyndrv`: `dyndrv.${name} = …`") (
        removeAttrs ofBuild (import ./known.nix)
      )
      // {
        features = "Features are `buildFeatures`";
        noDefaultFeatures = "Default features are left out by `buildNoDefaultFeatures`";
        profile = "The profile is `buildType`";
        packages = "Packages are chosen by `cargoBuildFlags` or `buildAndTestSubdir`";
        bins = "Programs are chosen by `cargoBuildFlags`";
        vendor = "A directory of third-party packages is `cargoDeps` or `cargoVendorDir`";
        rustflags = "Flags of rustc are `env.RUSTFLAGS`";
        workspace = "Where the workspace is, is `sourceRoot` or `cargoRoot`";
        directory = "Where cargo is started, is `buildAndTestSubdir`";
        finish = "`postInstall`, `postFixup` and other phases are arguments of their own";
        cargoSha256 = "The hash is `cargoHash`, or leave it out and give `cargoLock.lockFile`";
        vendorHash = "The hash is `cargoHash`, or leave it out and give `cargoLock.lockFile`";
      };
    # Packages have attributes of all names for hooks, and for phases of their own.
    others = true;
  } args
