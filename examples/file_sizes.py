"""A verb from outside, for `uses = "exec"`: no file of a directory is larger than allowed.

Asked on standard input: {"format": 1, "fields": {"directory": …, "limit_bytes": …}, …}
Answered on standard output, with exit code 0: see `gate verbs exec`.
"""

import json
import sys
from pathlib import Path


def answer(verdict, note, **more):
    print(json.dumps({"format": 1, "verdict": verdict, "note": note, **more}))


def main():
    fields = json.load(sys.stdin)["fields"]
    limit, root = fields["limit_bytes"], Path(fields["directory"])
    sizes = {str(path): path.stat().st_size for path in root.rglob("*") if path.is_file()}
    if not sizes:
        facts = {"files": 0, "largest": ""}
        return answer("error", f"there is no file below {root}", facts=facts)
    largest = max(sizes, key=sizes.get)
    facts = {"files": len(sizes), "largest": largest}
    over = [f"{path}: {size} bytes" for path, size in sorted(sizes.items()) if size > limit]
    if over:
        return answer("failed", f"{len(over)} files exceed {limit} bytes", seen=over, facts=facts)
    answer("passed", f"{len(sizes)} files, none over {limit} bytes", facts=facts)


if __name__ == "__main__":
    main()
