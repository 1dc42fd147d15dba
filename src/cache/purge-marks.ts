import type { PurgeSelection, RememberedVerdict, VerdictKey } from "./verdict-cache.ts";

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

  add({ scanner = ANY, sha256 = ANY, before }: PurgeSelection): void {
    const name = nameOf(scanner, sha256);
    this.#before.set(name, Math.max(before, this.#before.get(name) ?? 0));
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

  /** Drops marks that no remembered verdict is old enough for. */
  dropBefore(time: number): void {
    for (const [name, before] of this.#before) {
      if (before < time) this.#before.delete(name);
    }
  }

  #isBefore(begunAt: number, scanner: string, sha256: string): boolean {
    const before = this.#before.get(nameOf(scanner, sha256));
    return before !== undefined && begunAt < before;
  }
}

function nameOf(scanner: string, sha256: string): string {
  return `${sha256}|${scanner}`;
}
