# Imports modules and says where each came from, as JSON on the last line.
# Arguments: throwaway home, modules.
import importlib
import json
import os
import sys

inside_of = os.path.realpath(sys.argv[1]) + os.sep
seen = []
for name in sys.argv[2:]:
    try:
        file = getattr(importlib.import_module(name), "__file__", None)
        inside = bool(file) and os.path.realpath(file).startswith(inside_of)
        seen.append({"module": name, "file": file, "inside": inside})
    except BaseException as error:  # a module may well call sys.exit
        seen.append(
            {
                "module": name,
                "error": type(error).__name__,
                "missing": getattr(error, "name", None) if isinstance(error, ImportError) else None,
                "message": str(error)[:400],
            }
        )
print()
print(json.dumps(seen))
