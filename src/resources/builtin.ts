import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { SourceFile } from "./read/yaml-source.ts";

/** The resources that are served when no others are given: what `sluice config default` prints. */
export function builtinResources(): SourceFile {
  return {
    name: "builtin.yaml",
    text: readFileSync(new URL("./builtin.yaml", import.meta.url), "utf8"),
  };
}

/** What the process's own settings change in the built-in resources. */
export interface BuiltinChanges {
  /** Fields of `spec`, for every IcapService. */
  readonly service: Readonly<Record<string, unknown>>;
  /** Fields of `spec`, for every IcapService that has scanners. */
  readonly scannerRef: Readonly<Record<string, unknown>>;
  /** Fields of `spec.protocol.embedded`. */
  readonly embedded: Readonly<Record<string, unknown>>;
  /** Fields of `spec.limits`, for every scanner. */
  readonly scannerLimits: Readonly<Record<string, unknown>>;
}

interface ResourceShape {
  kind: string;
  spec: Record<string, unknown> & { scanners?: Record<string, unknown>[] };
}

/** The built-in resources with changes, as `compile` takes them. */
export function changedBuiltinResources(changes: BuiltinChanges): unknown[] {
  return parseAllDocuments(builtinResources().text).map((document) => {
    const resource = document.toJS() as ResourceShape;
    const { kind, spec } = resource;
    if (kind !== "IcapService") {
      const protocol = { type: "Embedded", embedded: changes.embedded };
      return { ...resource, spec: { ...spec, protocol, limits: changes.scannerLimits } };
    }
    const scanners = spec.scanners?.map((entry) => ({ ...entry, ...changes.scannerRef }));
    return {
      ...resource,
      spec: { ...spec, ...changes.service, ...(scanners === undefined ? {} : { scanners }) },
    };
  });
}
