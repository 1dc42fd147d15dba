import type { Threat, VerdictReason } from "../../scanning/index.ts";
import type { Specimen } from "./specimen.ts";

export const Severity = { Block: "block", Suspicious: "suspicious" } as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** One thing that an engine found in a specimen. */
export interface Finding {
  readonly severity: Severity;
  readonly reason: VerdictReason;
  readonly threat: Threat;
}

/** An engine took longer than it may. */
export class EngineTimeout extends Error {}

/**
 * Looks at one specimen and says what is bad about it. Synchronous, in a worker thread. Throws
 * `EngineTimeout`, or any other error when it fails; it never says "nothing" of what it could not see.
 */
export interface ContentEngine {
  readonly name: string;
  inspect(specimen: Specimen): readonly Finding[];
}
