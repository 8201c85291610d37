# The sources that units are planned from: unpacked, patched and prepared by stdenv as nixpkgs does it before it calls
# cargo, in a derivation of their own. It is content-addressed: what changes no file builds nothing again.
#
# A directory that is there at evaluation, and that nothing is done to, is taken as it is.
#
# `preCheck` is done to the sources of tests alone, which are another derivation then: with the same output, if it changes
# no file.
#
#   src         the tree
#   workspace   where the workspace is in it
#   root        `sourceRoot`, for stdenv
{ stdenv, variablesOf }:
{
  args,
  # Whether the tree is that of tests.
  ofTests ? false,
}:

let
  ofSources = [
    "src"
    "srcs"
    "preUnpack"
    "unpackPhase"
    "unpackCmd"
    "postUnpack"
    "sourceRoot"
    "prePatch"
    "patches"
    "patchFlags"
    "patchPhase"
    "postPatch"
    "preConfigure"
    "postConfigure"
    "preBuild"
    "nativeBuildInputs"
    "buildInputs"
    "__structuredAttrs"
  ]
  ++ (if ofTests then [ "preCheck" ] else [ ]);
  isGiven =
    name:
    !(builtins.elem (args.${name} or null) [
      null
      ""
      [ ]
      { }
    ]);
  given = builtins.filter isGiven (
    ofSources
    ++ [
      "configurePhase"
      "cargoPatches"
    ]
  );
  isPlain = builtins.all (
    name:
    builtins.elem name [
      "src"
      "nativeBuildInputs"
      "buildInputs"
      "__structuredAttrs"
    ]
  ) given;

  isThere =
    builtins.all (context: !(context ? outputs || context.allOutputs or false)) (
      builtins.attrValues (builtins.getContext "${args.src}")
    )
    && builtins.pathExists (args.src + "/.");

  # `source/crates/tool`: the directory that is unpacked, and where the sources are in it.
  segments =
    text:
    builtins.filter (part: builtins.isString part && part != "" && part != ".") (
      builtins.split "/" (builtins.unsafeDiscardStringContext (if text == null then "" else text))
    );
  ofRoot = segments (args.sourceRoot or null);
  below = if ofRoot == [ ] then [ ] else builtins.tail ofRoot;
  join = builtins.concatStringsSep "/";

  prepared = stdenv.mkDerivation (
    (variablesOf args).own
    // builtins.listToAttrs (
      map (name: {
        inherit name;
        value = args.${name};
      }) (builtins.filter isGiven ofSources)
    )
    // {
      name = "source";
      pname = args.pname or args.name;
      version = args.version or "";
      __contentAddressed = true;
      strictDeps = true;
      patches = args.cargoPatches or [ ] ++ args.patches or [ ];
      preparedConfigure =
        args.configurePhase or ''
          runHook preConfigure
          runHook postConfigure
        '';
      configurePhase = builtins.readFile ./configure-sources.sh;
      buildPhase = "true";
      doCheck = false;
      installPhase = ''cp -R "$NIX_BUILD_TOP/''${sourceRoot%%/*}" "$out"'';
      dontFixup = true;
    }
  );
in
if isPlain && isThere then
  {
    inherit (args) src;
    workspace = join (segments (args.cargoRoot or null));
    root = null;
  }
else
  {
    src = prepared;
    workspace = join (below ++ segments (args.cargoRoot or null));
    root = join ([ "source" ] ++ below);
  }
