# What remains to be done with a result: man pages, completions, wrappers, desktop files.
#
# A derivation of stdenv whose `installPhase` copies the programs and libraries; `finish` has its further
# attributes, such as `nativeBuildInputs`, `postInstall` and `outputs`. Its phases run in the project's
# sources, as in nixpkgs. An edit of the sources runs them again, and no unit: it is
# content-addressed, so that nothing follows if its output is the same.
{
  stdenv,
  src,
  # The result.
  package,
  finish,
}:

let
  attrs = {
    inherit src;
    inherit (package) pname version meta;
    strictDeps = true;
    __contentAddressed = true;
    dontConfigure = true;
    dontBuild = true;
    # Where the programs and libraries are, for phases of the user's.
    built = package;
    # `<profile>/build/<package>-…/out` of all build scripts, as in cargo's target directory.
    inherit (package.passthru) buildScripts;
    installPhase = ''
      runHook preInstall
      for directory in bin lib; do
        if [ -d "$built/$directory" ]; then
          mkdir -p "$out/$directory"
          cp -L "$built/$directory"/* "$out/$directory/"
          chmod -R u+w "$out/$directory"
        fi
      done
      runHook postInstall
    '';
  };
in

stdenv.mkDerivation (
  attrs
  // finish
  // {
    passthru =
      package.passthru
      // {
        unfinished = package;
      }
      // (finish.passthru or { });
    meta = package.meta // (finish.meta or { });
  }
)
