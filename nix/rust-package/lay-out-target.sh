# shellcheck shell=bash disable=SC2034,SC2154 # Nix sets variables by attributes; phases of packages read others
# The directories that `cargo build` would have left, where phases of packages look for them: `$releaseDir` with the
# programs, and `$releaseDir/build/<package>-<hash>/out` of the build scripts that were run.

mkdir -p "$releaseDir/build"
for directory in bin lib; do
    [[ -d $built/$directory ]] || continue
    cp -L --no-preserve=ownership "$built/$directory"/* "$releaseDir/"
done
for script in "$buildScripts"/*/build/*; do
    [[ -d $script/out ]] || continue
    to=$releaseDir/build/${script##*/}
    mkdir "$to"
    # Directories of their own, with links to the files, which may be large.
    cp -rs "$(readlink -f "$script/out")" "$to/out"
done
chmod -R u+w "$releaseDir"
# The directory for all platforms, as nixpkgs' install hook gives it.
ln -s "${releaseDir#target/}" "target/$cargoBuildType"
# nixpkgs' names, for phases of packages.
tmpDir=$releaseDir
bins=$(find "$releaseDir" -maxdepth 1 -type f -executable ! -regex '.*\.\(so\|so\.[0-9.]+\|a\|dylib\)')
runHook postBuild
