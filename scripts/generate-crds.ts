/** Writes crds/*.yaml from the schemas of src/resources. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinitions } from "../src/resources/index.ts";

const directory = join(import.meta.dirname, "..", "crds");
const header =
  "# Written by scripts/generate-crds.ts from src/resources: edit that and run `npm run generate`.\n";

mkdirSync(directory, { recursive: true });
for (const definition of customResourceDefinitions()) {
  const text = stringify(definition, { lineWidth: 100, aliasDuplicateObjects: false });
  writeFileSync(join(directory, `${definition.metadata.name}.yaml`), header + text);
}
