import { type ScanContext, type Verdict, VerdictKind } from "../index.ts";

/** Verdicts are small; one that nobody asks for again goes with the oldest. */
const MAX_KEPT = 1000;

type Transaction = Pick<ScanContext, "transactionId" | "policy">;

/**
 * Verdicts on the heads of messages, until the same scanner is asked about the whole of one: others
 * may need that, and a vendor counts requests.
 */
export class KeptVerdicts {
  readonly #kept = new Map<string, Verdict>();

  keep(transaction: Transaction, verdict: Verdict): void {
    const isFailure = verdict.kind === VerdictKind.Error || verdict.kind === VerdictKind.Pending;
    if (isFailure || transaction.transactionId === "") return;
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(keyOf(transaction), verdict);
  }

  of(transaction: Transaction): Verdict | undefined {
    return this.#kept.get(keyOf(transaction));
  }
}

function keyOf({ transactionId, policy = "" }: Transaction): string {
  return `${transactionId} ${policy}`;
}
