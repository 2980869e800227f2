# Somebody else, not the harness and not the gate: ends the sync daemon by hand.
owner=artifacts/sync_identity_boundary/home/.kittify/sync/daemon/owner.json
pid=$(sed -n 's/.*"pid": *\([0-9][0-9]*\).*/\1/p' "$owner")
kill "$pid"
# The daemon removes its owner record when it ends.
for ((tries = 0; tries < 500; tries++)); do
    [[ -e $owner ]] || break
    sleep 0.01
done
