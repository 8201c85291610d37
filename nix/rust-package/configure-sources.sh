# shellcheck shell=bash disable=SC2154 # Nix sets variables by attributes
# Prepares the sources of a package as nixpkgs' buildRustPackage does it before it calls cargo. Files that it
# changes reach the units. What it does to the shell cannot, and is an error.

stateOfShell() {
    # The units have directories of their own for these.
    (
        unset HOME TMPDIR TMP TEMP TEMPDIR OLDPWD SHLVL _
        export -p
    )
}

stateBefore=$(stateOfShell)
eval "$preparedConfigure"
runHook preBuild
# Of the sources of tests.
runHook preCheck
stateAfter=$(stateOfShell)
if [[ $stateAfter != "$stateBefore" ]]; then
    {
        echo "error: preConfigure, configurePhase, postConfigure, preBuild or preCheck changes variables, which does not reach the units:"
        while IFS= read -r line; do
            [[ $stateBefore == *"$line"* ]] || echo "    $line"
        done <<<"$stateAfter"
        echo "Set them by \`env\`, those of tests by \`dyndrv.checks.testEnv\`. For another directory (PWD) set \`buildAndTestSubdir\` or \`sourceRoot\`"
    } >&2
    exit 1
fi
