import type { Entity } from "../entity/index.ts";
import {
  errorVerdict,
  type ScanContext,
  type Scanner,
  type Verdict,
  VerdictReason,
} from "../scanning/index.ts";

const OUT_OF_TIME = errorVerdict(VerdictReason.Timeout, "the transaction's time is up");

/** A scanner's verdict, or `timeout` as soon as the transaction's time is up. */
export function scanWithin(
  scanner: Scanner,
  entity: Entity,
  context: ScanContext,
): Promise<Verdict> {
  const { signal } = context;
  if (signal.aborted) return Promise.resolve(OUT_OF_TIME);
  return new Promise((resolve) => {
    const expire = (): void => resolve(OUT_OF_TIME);
    signal.addEventListener("abort", expire, { once: true });
    void scanner
      .scan(entity, context)
      .catch((error: unknown) => errorVerdict(VerdictReason.EngineError, messageOf(error)))
      .then((verdict) => {
        signal.removeEventListener("abort", expire);
        if (signal.aborted) verdict.replacement?.dispose();
        resolve(verdict);
      });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
