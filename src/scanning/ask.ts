import type { Entity } from "../entity/index.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { SizeGuard } from "./size-guard.ts";
import { errorVerdict, type Verdict, VerdictKind, VerdictReason } from "./verdict.ts";

/** What one scanner of several said. */
export interface ScannerAnswer {
  /** The name under which the service lists it. */
  readonly scanner: string;
  /** False: only its opinion counts. */
  readonly required: boolean;
  readonly verdict: Verdict;
}

/** One of several scanners that are asked for one verdict. */
export interface Member {
  /** The name under which the service lists it. */
  readonly name: string;
  readonly scanner: Scanner;
  /** False: that it has no opinion does not count. */
  readonly required: boolean;
}

/** The member, asked only for entities within its own `maxBytes`: others are `unscannable`/`size`. */
export function guarded(member: Member): Member {
  return { ...member, scanner: new SizeGuard(member.scanner, { maxBytes: Infinity }) };
}

/** Changes when one of the epochs does, whatever their order. */
export function epochOf(scanners: readonly Scanner[]): string {
  return scanners
    .map(({ name, epoch }) => `${name}=${epoch}`)
    .sort()
    .join(";");
}

/** Asks a scanner; one that breaks its word and rejects is as good as one that failed. */
export async function ask(
  scanner: Scanner,
  entity: Entity,
  context: ScanContext,
): Promise<Verdict> {
  try {
    return attributed(await scanner.scan(entity, context), scanner.name);
  } catch (error) {
    return rejected(scanner.name, error);
  }
}

/** The verdict of a scanner whose promise was rejected. */
export function rejected(scanner: string, error: unknown): Verdict {
  const why = error instanceof Error ? error.message : String(error);
  return errorVerdict(VerdictReason.EngineError, `${scanner} failed: ${why}`);
}

/**
 * The verdict of a scanner that may only judge: a replacement that nobody asked for is a fault, and
 * its bytes are given up.
 */
export function judgeVerdict(scanner: string, verdict: Verdict): Verdict {
  if (verdict.kind !== VerdictKind.Modified) return verdict;
  verdict.replacement?.dispose();
  return errorVerdict(
    VerdictReason.EngineError,
    `${scanner} replaced the entity and is not listed as a modifier`,
  );
}

/** Threats that do not say which engine found them carry the scanner's name. */
export function attributed(verdict: Verdict, engine: string): Verdict {
  if (verdict.threats.length === 0) return verdict;
  return { ...verdict, threats: verdict.threats.map((threat) => ({ engine, ...threat })) };
}
