# The derivation of stdenv that a package is: its phases find in the directory of the sources what cargo would have
# left there. It is content-addressed: after an edit that comes to the same program, nothing that uses it follows.
{ stdenv }:
{
  args,
  sources,
  selection,
  # What units give: the package, and the checks.
  package,
  checks,
}:

let
  # Done to the sources, or said to units.
  done = [
    "src"
    "srcs"
    "preUnpack"
    "unpackPhase"
    "unpackCmd"
    "postUnpack"
    "prePatch"
    "patches"
    "cargoPatches"
    "patchFlags"
    "patchPhase"
    "postPatch"
    "preConfigure"
    "configurePhase"
    "postConfigure"
    "preBuild"
    "cargoLock"
    "cargoHash"
    "cargoDeps"
    "cargoDepsName"
    "cargoVendorDir"
    "depsExtraArgs"
    "useFetchCargoVendor"
    "cargoBuildFlags"
    "cargoTestFlags"
    "checkFlags"
    "preCheck"
    "dyndrv"
    "sourceRoot"
    "logLevel"
    "auditable"
    "useNextest"
  ];
  inherit (stdenv.hostPlatform.rust) cargoShortTarget;

  # A phase of the package's own takes the place of cargo's tests.
  checksItself = args ? checkPhase;
in

stdenv.mkDerivation (
  removeAttrs args done
  // {
    inherit (sources) src;
    __contentAddressed = true;
    strictDeps = true;
    nativeBuildInputs = args.nativeBuildInputs or [ ];
    # Programs and libraries, and the directories of build scripts.
    built = package;
    inherit (package.passthru) buildScripts;
    cargoBuildType = selection.type;
    releaseDir = "target/${cargoShortTarget}/${selection.type}";
    dontConfigure = true;
    buildPhase = builtins.readFile ./lay-out-target.sh;
    # What has to succeed before.
    passedChecks =
      if args.doCheck && !checksItself then map (name: checks.${name}) selection.tests else [ ];
    checkPhase =
      args.checkPhase or ''
        for check in ''${passedChecks[@]}; do
          echo "passed: $check"
        done
        runHook postCheck
      '';
    ${if checksItself then "preCheck" else null} = args.preCheck or null;
    installPhase = args.installPhase or (builtins.readFile ./install.sh);
    passthru =
      package.passthru
      // {
        inherit checks;
        unfinished = package;
      }
      // args.passthru;
  }
  // (if sources.root == null then { } else { sourceRoot = sources.root; })
)
