import {
  type ConformanceCheck,
  conformanceChecks,
  refusesStrangers,
} from "./conformance-checks.ts";
import { Connection } from "./connection.ts";
import { ScannerProbe } from "./scanner-probe.ts";

export interface ConformanceResult {
  /** What a scanner must do, as a sentence. */
  readonly rule: string;
  readonly result: "ok" | "failed" | "skipped";
  /** What it did instead, or why the rule does not apply. */
  readonly why?: string;
}

export interface ConformanceOptions {
  /** Bearer token; with one, the scanner must refuse whoever has none. */
  readonly token?: string | undefined;
  /** How long a scanner that does not wait for a body is given to show it. */
  readonly heldMs?: number;
}

const CONNECTIONS = 16;
const HELD_MS = 1000;

/**
 * Holds a scanner to every rule of scan/v1 that can be seen from outside, one after the other. Sends
 * it harmless content only. Rejects nothing: a scanner that is not there fails every rule.
 *
 * @param url base URL of the scanner
 */
export async function* checkConformance(
  url: string,
  { token, heldMs = HELD_MS }: ConformanceOptions = {},
): AsyncGenerator<ConformanceResult> {
  const base = new URL(url);
  const path = base.pathname.replace(/\/$/, "");
  const auth = token === undefined ? undefined : authorization(token);
  const connection = new Connection(base.origin, CONNECTIONS, { auth });
  const stranger = new Connection(base.origin, CONNECTIONS, {});
  try {
    const scanner = new ScannerProbe(connection, path, heldMs);
    for (const check of conformanceChecks) yield await resultOf(check, scanner);
    if (token === undefined) return;
    yield await resultOf(refusesStrangers, new ScannerProbe(stranger, path, heldMs));
  } finally {
    await Promise.all([connection.close(), stranger.close()]);
  }
}

function authorization(token: string): { readonly name: string; readonly value: string } {
  return { name: "authorization", value: `Bearer ${token}` };
}

async function resultOf(
  { rule, check }: ConformanceCheck,
  scanner: ScannerProbe,
): Promise<ConformanceResult> {
  const said = await check(scanner).catch(reasonOf);
  if (said === undefined) return { rule, result: "ok" };
  if (typeof said === "string") return { rule, result: "failed", why: said };
  return { rule, result: "skipped", why: said.skipped };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
