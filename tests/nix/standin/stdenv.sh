# What the flake's builders and `nix develop` need of nixpkgs' stdenv. Every name it does not
# know is an error.
export out HOME=${NIX_BUILD_TOP:-$HOME}
for input in ${nativeBuildInputs-}; do
  PATH="$input/bin:$PATH"
done
export PATH="$PATH:${hostPath-}"

makeWrapper() { # PROGRAM WRAPPER OPTION…
  local program=$1 wrapper=$2 name
  shift 2
  {
    echo "#! $BASH -e"
    while [ $# -gt 0 ]; do
      case $1 in
        --set) printf 'export %s=%q\n' "$2" "$3" && shift 3 ;;
        --set-default) printf 'export %s=${%s-%q}\n' "$2" "$2" "$3" && shift 3 ;;
        --prefix) printf 'export %s=%q${%s:+%q$%s}\n' "$2" "$4" "$2" "$3" "$2" && shift 4 ;;
        --unset) printf 'unset %s\n' "$2" && shift 2 ;;
        --inherit-argv0) name=1 && shift ;;
        *) echo "makeWrapper: $1 is not in the stand-in" >&2 && return 1 ;;
      esac
    done
    printf 'exec %s %q "$@"\n' "${name:+-a \"\$0\"}" "$program"
  } > "$wrapper"
  chmod +x "$wrapper"
}

installManPage() {
  local page
  for page; do
    mkdir -p "$out/share/man/man${page##*.}"
    cp "$page" "$out/share/man/man${page##*.}/"
  done
}

installShellCompletion() { # --cmd NAME --bash FILE --zsh FILE --fish FILE
  local name=$2 into
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      --bash) into=bash-completion/completions/$name.bash ;;
      --zsh) into=zsh/site-functions/_$name ;;
      --fish) into=fish/vendor_completions.d/$name.fish ;;
      *) echo "installShellCompletion: $1 is not in the stand-in" >&2 && return 1 ;;
    esac
    mkdir -p "$(dirname "$out/share/$into")"
    cp "$2" "$out/share/$into"
    shift 2
  done
}

build() {
  set -eu -o pipefail
  if [ -n "${src-}" ]; then
    cp -r --no-preserve=mode,ownership "$src" source
    cd source
  fi
  eval "${configurePhase-}"
  eval "$buildPhase"
  if [ -n "${doCheck-}" ]; then eval "$checkPhase"; fi
  eval "${installPhase-}"
  :
}
