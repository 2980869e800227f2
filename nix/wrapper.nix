# The program with its tools: nothing of the operator's PATH or Python reaches it. A derivation
# of its own, so that a tool's update or a commit that leaves src/ alone does not rebuild the crate.
{
  runCommand,
  makeWrapper,
  installShellFiles,
  cacert,
  gate-unwrapped,
  gate-tools,
  gate-wheels,
  revisions,
}:
runCommand "gate-${gate-unwrapped.version}"
  {
    pname = "gate";
    inherit (gate-unwrapped) version;
    nativeBuildInputs = [
      makeWrapper
      installShellFiles
    ];
    passthru = {
      inherit revisions;
      unwrapped = gate-unwrapped;
    };
    meta = gate-unwrapped.meta // {
      mainProgram = "gate";
    };
  }
  ''
    mkdir -p $out/bin
    makeWrapper ${gate-unwrapped}/bin/gate $out/bin/gate \
      --inherit-argv0 \
      --set PATH ${gate-tools.path} \
      --set GATE_FLAKE_REVISION ${revisions.gate} \
      --set GATE_NIXPKGS_REVISION ${revisions.nixpkgs} \
      --set GATE_PINNED_TOOLS ${gate-tools.manifest} \
      --set GATE_REHEARSAL_WHEELS ${gate-wheels} \
      --set-default SSL_CERT_FILE ${cacert}/etc/ssl/certs/ca-bundle.crt \
      --set PIPX_DEFAULT_PYTHON ${gate-tools.python3}/bin/python3 \
      --set UV_PYTHON ${gate-tools.python3}/bin/python3 \
      --set UV_PYTHON_DOWNLOADS never \
      --set GH_NO_UPDATE_NOTIFIER 1 \
      --set FLY_NO_UPDATE_CHECK 1 \
      --set PYTHONNOUSERSITE 1 \
      --unset PYTHONPATH \
      --unset PYTHONHOME \
      --unset PYTHONSTARTUP

    for shell in bash zsh fish; do
      ${gate-unwrapped}/bin/gate completions $shell > gate.$shell
    done
    installShellCompletion --cmd gate --bash gate.bash --zsh gate.zsh --fish gate.fish
    mkdir man
    ${gate-unwrapped}/bin/gate man --into man
    installManPage man/*
  ''
