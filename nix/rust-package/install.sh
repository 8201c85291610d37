# shellcheck shell=bash disable=SC2154 # Nix sets variables by attributes
# Installs what `cargo build` makes, as nixpkgs' install hook does.

runHook preInstall
for file in "$releaseDir"/*; do
    [[ -f $file ]] || continue
    case $file in
        *.so | *.so.[0-9]* | *.a) to=${!outputLib}/lib ;;
        *) to=${!outputBin}/bin ;;
    esac
    mkdir -p "$to"
    cp "$file" "$to/"
done
runHook postInstall
