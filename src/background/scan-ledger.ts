import type { Recipient } from "./recipient.ts";
import type { ScanRecord } from "./scan-record.ts";

/** Whose a scan is, as far as pods can tell each other. */
export const Holding = {
  Ours: "ours",
  /** Another pod follows it, or did so to its end. */
  Theirs: "theirs",
  /** Nobody can be asked, or nobody knows of it: whoever has it goes on with it. */
  Unknown: "unknown",
} as const;
export type Holding = (typeof Holding)[keyof typeof Holding];

/** A scan that was found without a pod to follow it. */
export interface TakenScan {
  readonly key: string;
  readonly record: ScanRecord;
}

/**
 * Tells the pods of each other's background scans, so that each is done once and none is lost with
 * its pod. A pod holds a scan for the time of a lease, which it renews; whoever finds a lease that has
 * run out takes the scan over, and the one before is fenced off. Nothing here rejects or decides
 * anything: without an answer each pod goes on alone.
 */
export interface ScanLedger {
  /**
   * Enters a scan; `theirs` when the same is under way already, here or elsewhere: then the recipient
   * is noted there.
   */
  enter(key: string, record: ScanRecord, recipient: Recipient | undefined): Promise<Holding>;
  /** One more who asked for the same. */
  note(key: string, recipient: Recipient): Promise<void>;
  /** Writes down what is new of a scan and renews its lease; enters it anew where it was lost. */
  renew(key: string, record: ScanRecord): Promise<Holding>;
  /** Offers a scan to the others, now or when the time is over; whether they know of it. */
  offer(key: string, afterMs: number): Promise<boolean>;
  /** Strikes a scan out and gives those noted. With `isLost` its pod may still tell of its end. */
  end(
    key: string,
    isLost: boolean,
  ): Promise<{ holding: Holding; recipients: readonly Recipient[] }>;
  /** Takes over scans whose lease has run out, at most so many. */
  take(atMost: number): Promise<readonly TakenScan[]>;
  /** Calls the listener when somebody offers a scan. */
  onOffer(listener: () => void): void;
}
