import { readFileSync } from "node:fs";
import type { SourceFile } from "./read/yaml-source.ts";

/** The resources that are served when no others are given: what `sluice config default` prints. */
export function builtinResources(): SourceFile {
  return {
    name: "builtin.yaml",
    text: readFileSync(new URL("./builtin.yaml", import.meta.url), "utf8"),
  };
}
