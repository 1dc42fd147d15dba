import type { Decision, ScanContext } from "../scanning/index.ts";
import { distinctRecipients, MAX_RECIPIENTS, type Recipient } from "./recipient.ts";
import type { ScanRecord } from "./scan-record.ts";

/** Why this process goes on no more with a scan. */
export const StopReason = {
  /** Another pod has taken it over. */
  Fenced: "fenced",
  /** It was offered to the others. */
  Offered: "offered",
  /** The process ends. */
  Closing: "closing",
} as const;
export type StopReason = (typeof StopReason)[keyof typeof StopReason];

/** One scan that goes on while its message is on its way. */
export class BackgroundScan {
  readonly key: string;
  record: ScanRecord;
  /** In the ledger, or it would be if that answered. */
  isEntered = false;
  readonly #stop = new AbortController();
  #stopped: StopReason | undefined;
  readonly #recipients: Recipient[] = [];
  readonly #undecided = new Set<Promise<unknown>>();

  constructor(key: string, record: ScanRecord) {
    this.key = key;
    this.record = record;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get stopped(): StopReason | undefined {
    return this.#stopped;
  }

  stop(reason: StopReason): void {
    this.#stopped ??= reason;
    this.#stop.abort();
  }

  /**
   * One who asks for the same, to be named once it is decided what becomes of the message. Resolves
   * then, with nobody where the message was condemned by others.
   */
  join(context: ScanContext, at: number): Promise<Recipient | undefined> {
    const named = decided(context, this.signal).then((decision) => {
      this.#undecided.delete(named);
      if (isSettled(decision)) return undefined;
      const recipient = recipientOf(context, decision, at);
      if (this.#recipients.length < MAX_RECIPIENTS) this.#recipients.push(recipient);
      return recipient;
    });
    this.#undecided.add(named);
    return named;
  }

  /** Somebody gets the message, or may still get it. */
  get isWanted(): boolean {
    return this.#recipients.length > 0 || this.#undecided.size > 0;
  }

  /** Resolves when it is decided what becomes of all the messages. */
  async decided(): Promise<void> {
    await Promise.all(this.#undecided);
  }

  /** Those who asked here, and those who asked elsewhere. */
  recipientsWith(others: readonly Recipient[]): Recipient[] {
    return distinctRecipients([...others, ...this.#recipients]);
  }
}

/** Nobody gets the message, whatever the scan would say. */
function isSettled({ passes, isCondemned }: Decision): boolean {
  return !passes && isCondemned;
}

/** Whoever does not wait for the decision takes the message for one that went on. */
function decided({ onDecided }: ScanContext, signal: AbortSignal): Promise<Decision> {
  return new Promise((resolve) => {
    const settle = (decision: Decision): void => {
      signal.removeEventListener("abort", passed);
      resolve(decision);
    };
    const passed = (): void => settle({ passes: true, isCondemned: false });
    signal.addEventListener("abort", passed, { once: true });
    if (onDecided === undefined || signal.aborted) passed();
    else onDecided(settle);
  });
}

/** A hundred of them are held for each scan, and what is in a URL comes from outside. */
const MAX_URL_CHARACTERS = 2048;

function cutUrl(url: string): string {
  if (url.length <= MAX_URL_CHARACTERS) return url;
  return `${url.slice(0, MAX_URL_CHARACTERS).toWellFormed()}…`;
}

function recipientOf(
  { transactionId, service, url, recipient: { address, user } = {} }: ScanContext,
  { passes }: Decision,
  at: number,
): Recipient {
  return {
    transactionId,
    service,
    at,
    delivered: passes,
    ...(url !== undefined && { url: cutUrl(url) }),
    ...(address !== undefined && { clientIp: address }),
    ...(user !== undefined && { user }),
  };
}
