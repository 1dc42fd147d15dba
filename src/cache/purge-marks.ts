import type { PurgeSelection, VerdictKey } from "./verdict-cache.ts";

/** Any scanner, or any content. */
const ANY = "*";

/**
 * What was purged, as marks that a read compares with: so a purge costs nothing but its mark, however
 * many verdicts it hits and wherever they lie.
 */
export class PurgeMarks {
  /** By scanner and content: verdicts judged before this are forgotten. */
  readonly #before = new Map<string, number>();

  get size(): number {
    return this.#before.size;
  }

  add({ scanner = ANY, sha256 = ANY, before }: PurgeSelection): void {
    const name = nameOf(scanner, sha256);
    this.#before.set(name, Math.max(before, this.#before.get(name) ?? 0));
  }

  covers({ scanner, sha256 }: VerdictKey, judgedAt: number): boolean {
    if (this.#before.size === 0) return false;
    return (
      this.#isBefore(judgedAt, ANY, ANY) ||
      this.#isBefore(judgedAt, scanner, ANY) ||
      this.#isBefore(judgedAt, ANY, sha256) ||
      this.#isBefore(judgedAt, scanner, sha256)
    );
  }

  /** Drops marks that no remembered verdict is old enough for. */
  dropBefore(time: number): void {
    for (const [name, before] of this.#before) {
      if (before < time) this.#before.delete(name);
    }
  }

  #isBefore(judgedAt: number, scanner: string, sha256: string): boolean {
    const before = this.#before.get(nameOf(scanner, sha256));
    return before !== undefined && judgedAt < before;
  }
}

function nameOf(scanner: string, sha256: string): string {
  return `${sha256}|${scanner}`;
}
