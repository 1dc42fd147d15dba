import { closest, distance } from "fastest-levenshtein";
import { clip } from "../problem.ts";

/** The known word that a misspelt one most likely stands for, when one is near enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) {
    return undefined;
  }
  const shortened = clip(word);
  const candidate = closest(shortened, known);
  return distance(shortened, candidate) <= 1 + candidate.length / 4 ? candidate : undefined;
}
