import { parseAllDocuments } from "yaml";
import {
  type Conversion,
  compileFiles,
  formatFileProblem,
  type ServiceEntry,
} from "../../../../src/resources/index.ts";
import { everything } from "../builders.ts";

/** What a conversion amounts to: its services compiled, and what keeps them from being served. */
export function compiled({ yaml }: Conversion): {
  readonly services: readonly ServiceEntry[];
  readonly problems: readonly string[];
} {
  const file = { name: "converted.yaml", text: yaml };
  const { table, problems } = compileFiles([file], { capabilities: everything });
  return { services: table.services, problems: problems.map(formatFileProblem) };
}

/** The scanners of a conversion, as they are written. */
export function scannersOf({ yaml }: Conversion): unknown[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as { kind: string; spec: unknown })
    .filter(({ kind }) => kind === "IcapScanner")
    .map(({ spec }) => spec);
}

/** Whether a note tells of an option. */
export function tells({ notes }: Conversion, where: string, option: string): boolean {
  return notes.some((note) => note.where === where && note.option === option);
}
