# shellcheck shell=bash disable=SC2154 # Nix sets variables by attributes
# The only phase of nix/environment.nix: writes the variables that stdenv's setup exports to $out,
# as a JSON object of strings.

# `env -0` is in the order of the process; the file is in that of the names.
recordEnvironment() {
    local entry name value separator= skipped=
    local -A private=()
    for skipped in $dyndrvSkip; do
        private[$skipped]=1
    done
    printf '{'
    while IFS= read -r -d '' entry; do
        name=${entry%%=*}
        value=${entry#*=}
        # Exported functions have other names than variables.
        [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ && -z ${private[$name]-} ]] || continue
        value=${value//\\/\\\\}
        value=${value//\"/\\\"}
        value=${value//$'\n'/\\n}
        value=${value//$'\t'/\\t}
        value=${value//$'\r'/\\r}
        if [[ $value == *[[:cntrl:]]* ]]; then
            echo "the variable $name has a control character, which cannot be recorded" >&2
            return 1
        fi
        printf '%s\n"%s":"%s"' "$separator" "$name" "$value"
        separator=,
    done < <(env -0 | LC_ALL=C sort -z)
    printf '\n}\n'
}

recordEnvironment >"$out"
