import { conformanceChecks } from "./conformance-checks.ts";
import { Connection } from "./connection.ts";
import { ScannerProbe } from "./scanner-probe.ts";

export interface ConformanceResult {
  /** What a scanner must do, as a sentence. */
  readonly rule: string;
  readonly result: "ok" | "failed" | "skipped";
  /** What it did instead, or why the rule does not apply. */
  readonly why?: string;
}

const CONNECTIONS = 16;

/**
 * Holds a scanner to every rule of scan/v1 that can be seen from outside, one after the other. Sends
 * it harmless content only. Rejects nothing: a scanner that is not there fails every rule.
 *
 * @param url base URL of the scanner
 */
export async function* checkConformance(url: string): AsyncGenerator<ConformanceResult> {
  const base = new URL(url);
  const connection = new Connection(base.origin, CONNECTIONS, {});
  const scanner = new ScannerProbe(connection, base.pathname.replace(/\/$/, ""));
  try {
    for (const { rule, check } of conformanceChecks) {
      const said = await check(scanner).catch(reasonOf);
      if (said === undefined) yield { rule, result: "ok" };
      else if (typeof said === "string") yield { rule, result: "failed", why: said };
      else yield { rule, result: "skipped", why: said.skipped };
    }
  } finally {
    await connection.close();
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
