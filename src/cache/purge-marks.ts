import type { PurgeSelection, RememberedVerdict, VerdictKey } from "./verdict-cache.ts";

/** Above it one mark stands for all: rather forgotten too much. */
const MAX_MARKS = 100_000;
/** Any scanner, or any content. */
const ANY = "*";

/**
 * What was purged, as marks that a read compares with: so a purge costs nothing but its mark, however
 * many verdicts it hits and wherever they lie.
 */
export class PurgeMarks {
  /** By scanner and content: verdicts of scans that began before this are forgotten. */
  readonly #before = new Map<string, number>();

  get size(): number {
    return this.#before.size;
  }

  /** The moment that holds now for what is selected: never an earlier one than before. */
  add({ scanner = ANY, sha256 = ANY, before }: PurgeSelection): number {
    const name = nameOf(scanner, sha256);
    if (this.#before.size >= MAX_MARKS && !this.#before.has(name)) return this.#addAll(before);
    const latest = Math.max(before, this.#before.get(name) ?? 0);
    this.#before.set(name, latest);
    return latest;
  }

  covers({ scanner, sha256 }: VerdictKey, { begunAt }: RememberedVerdict): boolean {
    if (this.#before.size === 0) return false;
    return (
      this.#isBefore(begunAt, ANY, ANY) ||
      this.#isBefore(begunAt, scanner, ANY) ||
      this.#isBefore(begunAt, ANY, sha256) ||
      this.#isBefore(begunAt, scanner, sha256)
    );
  }

  #addAll(before: number): number {
    const latest = this.#before.values().reduce((a, b) => Math.max(a, b), before);
    this.#before.clear();
    return this.add({ before: latest });
  }

  #isBefore(begunAt: number, scanner: string, sha256: string): boolean {
    const before = this.#before.get(nameOf(scanner, sha256));
    return before !== undefined && begunAt < before;
  }
}

function nameOf(scanner: string, sha256: string): string {
  return `${sha256}|${scanner}`;
}
