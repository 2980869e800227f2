{
  cargo,
  cargo-deny,
  clippy,
  deadnix,
  gate,
  gate-tools,
  gate-wheels,
  mkShell,
  nixfmt,
  rustc,
  rustfmt,
}:
mkShell {
  packages = [
    cargo
    cargo-deny
    clippy
    deadnix
    gate
    nixfmt
    rustc
    rustfmt
  ]
  ++ gate-tools.runtime;
  env = {
    GATE_REHEARSAL_WHEELS = "${gate-wheels}";
    PIPX_DEFAULT_PYTHON = "${gate-tools.python3}/bin/python3";
    UV_PYTHON = "${gate-tools.python3}/bin/python3";
    UV_PYTHON_DOWNLOADS = "never";
  };
  # on standard error: `nix develop -c gate plan --format json | …` must stay JSON
  shellHook = ''
    cat >&2 <<'EOF'
    gate plan              what will be done, and in which order
    gate rehearse --yes    all of it in the embedded world; nothing real is touched
    gate doctor            what is missing on this machine, with the remedy
    EOF
  '';
}
