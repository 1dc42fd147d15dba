import type { Problem } from "./problem.ts";

/** A value that one source gives to a setting, not checked yet. */
export interface Candidate {
  readonly path: string;
  readonly raw: unknown;
  /** As in `Problem`. */
  readonly origin: string;
}

/** What one source holds. */
export interface SourceContent {
  readonly candidates: readonly Candidate[];
  readonly problems: readonly Problem[];
}

/** Where the path of the configuration file comes from, if there is one. */
export interface FileReference {
  readonly path: string;
  readonly origin: string;
}

/** The items of a list as variables and flags hold them: separated by commas. */
export const splitList = (raw: string): string[] =>
  raw
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
