// usage: node vectors.mjs <folder with node_modules> <file to write>
//
// Writes the public CEL vectors, which come as JavaScript modules of the npm
// package @bufbuild/cel-spec, as JSON, one case in each line:
//   {"suite": "conformance", "section": "lists", "name": "lists/in/…", …}
// with the fields of the case itself: original, ast, type, error.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, output] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const lines = [];

// Cases without a name are named by their place in the suite.
function walk(suite, path, node) {
  for (const inner of node.suites ?? []) {
    walk(suite, [...path, inner.name], inner);
  }
  (node.tests ?? []).forEach((test, index) => {
    const last = test.original.name ?? String(index + 1).padStart(3, "0");
    const name = [...path, last].join("/");
    const section = path[0] ?? suite;
    lines.push(JSON.stringify({ suite, section, name, ...test }));
  });
}

for (const suite of ["conformance", "parsing", "checking", "comprehension"]) {
  const { tests } = require(`@bufbuild/cel-spec/testdata/${suite}.js`);
  walk(suite, [], tests);
}
writeFileSync(output, lines.join("\n") + "\n");
