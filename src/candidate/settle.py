# Takes away what an installer noted for itself and what says nothing of the candidate: uv's
# `uv_cache.json` holds the time at which a kept wheel was last touched, so the same lock would
# give other bytes from another copy of the same wheels.
import os
import sysconfig

NOTE = "uv_cache.json"

packages = sysconfig.get_path("purelib")
for name in sorted(os.listdir(packages)):
    info = os.path.join(packages, name)
    note, record = os.path.join(info, NOTE), os.path.join(info, "RECORD")
    if not (name.endswith(".dist-info") and os.path.isfile(note)):
        continue
    with open(record, encoding="utf-8", newline="") as file:
        lines = file.readlines()
    kept = [line for line in lines if not line.startswith(f"{name}/{NOTE},")]
    with open(record + ".new", "w", encoding="utf-8", newline="") as file:
        file.writelines(kept)
    os.replace(record + ".new", record)
    os.remove(note)
