# shellcheck shell=bash
# cargo_config VENDORED: prints the configuration of a directory of third-party packages, with that directory in
# place of all that its own configuration names: nixpkgs' have one for each source, or names that stand for a place.
cargo_config() {
    local line table='' is_directory=''
    flush() {
        [[ -n $is_directory ]] || printf '%s' "$table"
        table='' is_directory=''
    }
    if [[ -e $1/.cargo/config.toml ]]; then
        while IFS= read -r line || [[ -n $line ]]; do
            case $line in
                '['*) flush ;;
                directory*=*) is_directory=1 ;;
                replace-with*=*) line='replace-with = "dyndrv-vendored"' ;;
            esac
            table+=$line$'\n'
        done <"$1/.cargo/config.toml"
        flush
    fi
    printf '[source.dyndrv-vendored]\ndirectory = "%s"\n' "$1"
}
