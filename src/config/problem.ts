import { distance } from "fastest-levenshtein";

/** Something wrong with the settings. */
export interface Problem {
  /** Where it comes from: `sluice.yaml:14: limits.headTimeout`, a variable or a flag. */
  readonly origin: string;
  readonly message: string;
}

/** One line for each problem, in the order found. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(({ origin, message }) => `${origin}: ${message}`).join("\n");
}

const shownLength = 64;

/**
 * A value as a message shows it: escaped, on one line, cut, and without what a URL has before its host:
 * one that is refused for its password must not be what tells it.
 */
export function shown(raw: unknown): string {
  const full = (JSON.stringify(raw) ?? String(raw))
    .replace(/^("?(?:\w[\w+.-]*:\/\/)?).*@/s, "$1***@")
    .replace(/([?&][^=&\s"]+=)[^&\s"]+/g, "$1***");
  return full.length > shownLength ? `${full.slice(0, shownLength)}…` : full;
}

/** `, did you mean "x"?` for the nearest of `names`, or nothing when none is near. */
export function didYouMean(name: string, names: readonly string[]): string {
  const ranked = names
    .map((candidate) => ({ candidate, far: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  const best = ranked[0];
  const bearable = Math.max(2, Math.floor(name.length / 3));
  return best !== undefined && best.far <= bearable ? `, did you mean "${best.candidate}"?` : "";
}
