import { VerdictReason } from "../../scanning/index.ts";
import { type ContentEngine, type Finding, Severity } from "../content/content-engine.ts";
import type { Specimen } from "../content/specimen.ts";
import type { HashList } from "./hashes/hash-list.ts";
import { LISTED_HASH } from "./list-scanner.ts";

/** The hash list as an engine: it also knows what is inside archives. */
export class ListEngine implements ContentEngine {
  readonly name = "list";
  readonly #list: HashList;

  constructor(list: HashList) {
    this.#list = list;
  }

  inspect(specimen: Specimen): Finding[] {
    const name = this.#list.find(specimen.sha256);
    if (name === undefined) return [];
    return [
      {
        severity: Severity.Block,
        reason: VerdictReason.Malware,
        threat: { name: name || LISTED_HASH },
      },
    ];
  }
}
