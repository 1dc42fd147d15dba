import { tmpdir } from "node:os";
import { MemorySource } from "../../../src/scanners/content/byte-source.ts";
import type { ContentEngine } from "../../../src/scanners/content/content-engine.ts";
import { Specimen } from "../../../src/scanners/content/specimen.ts";
import { Inspection } from "../../../src/scanners/embedded/inspection.ts";
import { ARCHIVE_LIMITS, type ArchiveLimits } from "../../../src/scanners/index.ts";
import type { Verdict } from "../../../src/scanning/index.ts";

/** What the engine of these tests blocks, wherever it is. */
export const bad = "bad content";

/** Blocks content that is, not only holds, `bad content`, so that packed content must be unpacked. */
export class BadContentEngine implements ContentEngine {
  readonly name = "test";
  /** What it was given, as the path and the length of each. */
  readonly seen: string[] = [];

  inspect(specimen: Specimen) {
    this.seen.push(`${specimen.path}:${specimen.size}`);
    const start = specimen.source.read(0, bad.length).toString();
    if (start !== bad) return [];
    return [{ severity: "block", reason: "malware", threat: { name: "Bad" } }] as const;
  }
}

export interface InspectOptions {
  readonly fileName?: string;
  readonly limits?: Partial<ArchiveLimits>;
  readonly engine?: ContentEngine;
  readonly isCancelled?: () => boolean;
  readonly cpuMs?: () => number;
  readonly memoryBytes?: number;
  readonly directory?: string;
}

/** Judges content in this thread, with an engine whose opinion the test knows. */
export function inspect(bytes: Buffer, options: InspectOptions = {}): Promise<Verdict> {
  const { fileName = "a", limits, engine = new BadContentEngine(), ...rest } = options;
  return new Inspection({
    ...rest,
    engines: [engine],
    limits: { ...ARCHIVE_LIMITS, ...limits },
    store: {
      directory: options.directory ?? tmpdir(),
      memoryBytes: options.memoryBytes ?? 1024 * 1024,
    },
  }).judge(new Specimen(new MemorySource(bytes), { fileName }));
}
