# `nix flake check`. Each has a negative test in tests/nix/negative.sh that turns it red.
# In a check, `! grep` never fails (errexit ignores a negated command): write `if …; then exit 1`.
{
  cacert,
  clippy,
  deadnix,
  gate,
  gate-tools,
  gate-unwrapped,
  gate-wheels,
  lib,
  nixfmt,
  runCommand,
  rustfmt,
  ...
}:
let
  crate =
    name: tool: buildPhase:
    gate-unwrapped.overrideAttrs (old: {
      pname = "gate-${name}";
      nativeBuildInputs = (old.nativeBuildInputs or [ ]) ++ [ tool ];
      inherit buildPhase;
      doCheck = false;
      installPhase = "touch $out";
      dontFixup = true;
    });
  nixFiles = "${../flake.nix} ${./.}/*.nix";
  certificates = "${cacert}/etc/ssl/certs/ca-bundle.crt";
  # what the program must see of its variables, whatever the operator has set
  variables = {
    PATH = gate-tools.path;
    GATE_FLAKE_REVISION = gate.revisions.gate;
    GATE_NIXPKGS_REVISION = gate.revisions.nixpkgs;
    GATE_PINNED_TOOLS = "${gate-tools.manifest}";
    GATE_REHEARSAL_WHEELS = "${gate-wheels}";
    PIPX_DEFAULT_PYTHON = "${gate-tools.python3}/bin/python3";
    UV_PYTHON = "${gate-tools.python3}/bin/python3";
    UV_PYTHON_DOWNLOADS = "never";
    GH_NO_UPDATE_NOTIFIER = "1";
    FLY_NO_UPDATE_CHECK = "1";
    PYTHONNOUSERSITE = "1";
  };
  unset = [
    "PYTHONHOME"
    "PYTHONPATH"
    "PYTHONSTARTUP"
  ];
  words = lib.concatStringsSep " ";
in
{
  # the build, and its unit tests
  gate-unwrapped =
    assert lib.assertMsg gate-unwrapped.doCheck "the build leaves its unit tests out";
    gate-unwrapped;
  clippy = crate "clippy" clippy "cargo clippy --offline --all-targets -- -D warnings";
  fmt = crate "fmt" rustfmt "cargo fmt --check";

  nixfmt = runCommand "gate-nixfmt" { nativeBuildInputs = [ nixfmt ]; } ''
    nixfmt --check ${nixFiles}
    touch $out
  '';

  deadnix = runCommand "gate-deadnix" { nativeBuildInputs = [ deadnix ]; } ''
    deadnix --fail --no-lambda-pattern-names ${nixFiles}
    touch $out
  '';

  # Only store paths on PATH, every tool that the gate names is there and answers, and the program
  # sees the wrapper's variables. The wrapper runs here up to its last step, `exec`, so that it does
  # not matter how makeWrapper writes them.
  wrapper = runCommand "gate-wrapper-check" { } ''
    wrong() { echo "$1" >&2; exit 1; }
    gate() { ${lib.getExe gate} "$@"; }
    export HOME=$PWD
    sed '/^exec /d' ${gate}/bin/gate > prelude
    operator=(${words (map (name: "${name}=theirs") (builtins.attrNames variables ++ unset))})
    env -i "''${operator[@]}" "$BASH" -e -c '. ./prelude; export -p' > seen
    env -i SSL_CERT_FILE=theirs "$BASH" -e -c '. ./prelude; export -p' > seen-theirs
    sees() { grep -qxF "declare -x $1=\"$2\"" "''${3:-seen}" || wrong "the program does not see $1=$2"; }

    sed -n 's/^declare -x PATH="\(.*\)"$/\1/p' seen | tr : '\n' > path
    test -s path
    if grep -v '^${builtins.storeDir}/' path; then wrong "the wrapper's PATH has entries outside the store"; fi
    ${lib.concatStringsSep "\n" (
      lib.mapAttrsToList (name: value: ''sees ${name} "${value}"'') variables
    )}
    sees SSL_CERT_FILE ${certificates}
    sees SSL_CERT_FILE theirs seen-theirs
    for name in ${words unset}; do
      if grep "^declare -x $name=" seen; then wrong "the operator's $name reaches the program"; fi
    done

    gate --version > version
    for line in "gate ${gate.version}" "commit ${gate.revisions.gate}" "nixpkgs ${gate.revisions.nixpkgs}"; do
      grep -qxF "$line" version || wrong "gate --version does not say: $line"
    done

    PATH=${gate-tools.path}
    for tool in bash gh git grep gzip pipx python3 sed sort tar uv; do
      $tool --version > answer || wrong "$tool does not answer"
    done
    flyctl version > answer || wrong "flyctl does not answer"
    ssh -V 2> answer || wrong "ssh does not answer"

    # nobody is logged in here, which its exit code says
    gate doctor > doctor || true
    for tool in bash flyctl gh git pipx python3 uv; do
      grep -A 1 "^$tool " doctor | grep -q 'pinned: .* this is it' || wrong "doctor does not find the pinned $tool"
    done
    touch $out
  '';

  gate-file = runCommand "gate-file-check" { nativeBuildInputs = [ gate ]; } ''
    export HOME=$PWD
    gate plan > plan
    gate plan --gate ${../src/gates/phase4}/gate.toml | diff plan -
    for file in ${../examples}/*.toml ${../examples}/*/gate.toml ${../tests/gates}/*.toml; do
      gate plan --gate "$file"
    done
    touch $out
  '';

  docs = runCommand "gate-docs-check" { } ''
    for file in \
      bash-completion/completions/gate.bash \
      zsh/site-functions/_gate \
      fish/vendor_completions.d/gate.fish \
      man/man1/gate.1 \
      man/man1/gate-rehearse.1; do
      grep -q rehearse ${gate}/share/$file || { echo "$file is not there, or is not ours" >&2; exit 1; }
    done
    touch $out
  '';

  # the whole gate with nothing but the wrapper's tools, and without a network where Nix has a sandbox
  rehearsal =
    runCommand "gate-rehearsal"
      {
        nativeBuildInputs = [ gate ];
        __darwinAllowLocalNetworking = true;
      }
      ''
        export HOME=$PWD/home
        mkdir home
        gate rehearse --yes --world world.json
        grep -F '"writes_by_gate": 0' world.json
        touch $out
      '';
}
