# `nix flake check`. Each has a negative test in tests/nix/negative.sh that turns it red.
# In a check, `! grep` never fails (errexit ignores a negated command): write `if …; then exit 1`.
{
  clippy,
  deadnix,
  gate,
  gate-unwrapped,
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
in
{
  inherit gate-unwrapped; # the build, and its unit tests
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

  # only store paths on PATH, and every tool that the gate names is there and answers
  wrapper = runCommand "gate-wrapper-check" { nativeBuildInputs = [ gate ]; } ''
    gate --version | grep -F "gate ${gate.version}"
    sed -n "s/^export PATH='\{0,1\}\([^']*\)'\{0,1\}$/\1/p" ${gate}/bin/gate > path
    test -s path
    if tr : '\n' < path | grep -v '^${builtins.storeDir}/'; then
      echo "the wrapper's PATH has entries outside the store" >&2
      exit 1
    fi
    export HOME=$PWD
    PATH=$(cat path)
    for tool in gh git python3 uv pipx tar bash; do
      $tool --version > $tool.version || { echo "$tool does not answer" >&2; exit 1; }
    done
    flyctl version > flyctl.version
    touch $out
  '';

  gate-file = runCommand "gate-file-check" { nativeBuildInputs = [ gate ]; } ''
    export HOME=$PWD
    gate plan > plan
    gate plan --gate ${../src/gates/phase4}/gate.toml | diff plan -
    for file in ${../examples}/*.toml ${../tests/gates}/*.toml; do
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
