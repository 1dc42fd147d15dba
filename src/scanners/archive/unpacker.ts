import type { VerdictReason } from "../../scanning/index.ts";
import type { ByteSource } from "../content/byte-source.ts";
import type { MemberStoreOptions } from "../content/member-store.ts";
import type { ContainerBudget } from "./limits.ts";

export interface Member {
  /** As the container gives it: untrusted, never a path on this machine. */
  readonly name: string;
  /** Unpacked size as the container declares it; checked before anything is unpacked. */
  readonly declaredBytes?: number;
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /**
   * Whether the decoder has counted the bytes against the container already, as for a tar in a
   * gzip, where the whole stream is counted.
   */
  readonly isCounted?: boolean;
}

/** Where an unpacker puts what it finds. */
export interface MemberSink {
  readonly budget: ContainerBudget;
  /** For unpackers that must keep what they decode before they can go on. */
  readonly store: MemberStoreOptions;
  /**
   * Reads the member, as far as the limits allow, and judges it. Fulfilled when it is done with the
   * content. Rejects only to end the unpacker's work.
   */
  member(member: Member): Promise<void>;
  /** Notes what cannot be looked into; the unpacker goes on. */
  cannotLookInto(reason: VerdictReason, message: string, name?: string): void;
}

/**
 * Takes a container apart. Throws `UnpackFailure` (or anything, which counts as malformed) when it
 * cannot go on; the members given before stand.
 */
export type Unpacker = (container: Container, sink: MemberSink) => Promise<void>;

export interface Container {
  readonly source: ByteSource;
  readonly fileName: string;
}
