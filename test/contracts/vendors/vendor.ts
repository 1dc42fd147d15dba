import type { Verdict } from "../../../src/scanning/index.ts";
import type { Behaviour, VendorReply, VendorRequest } from "./vendor-server.ts";

/** One thing that a vendor may do, and what has to come of it. */
export interface VendorCase {
  readonly name: string;
  readonly does: Behaviour;
  readonly says: Partial<Omit<Verdict, "replacement">>;
  /** Of the entity; left out: "content". */
  readonly content?: string;
  readonly about?: { readonly fileName?: string; readonly declaredType?: string };
  readonly url?: string | undefined;
  readonly params?: Readonly<Record<string, unknown>>;
  /** All calls, in order. */
  readonly calls?: readonly string[];
  /** The vendor takes its time: this is also asked with less, and followed by another pod. */
  readonly isPolled?: true;
  /** Of the new content. */
  readonly becomes?: string;
}

/** Answers of a vendor, written from its own description. */
export interface Fixture {
  readonly source: readonly string[];
  readonly read: string;
  readonly answers: Readonly<Record<string, unknown>>;
}

/** A vendor's API, and what its preset has to make of it. */
export interface Vendor {
  readonly preset: string;
  readonly fixture: Fixture;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Refuses a request whose secrets are not these; left out: it takes any. */
  readonly admits?: (request: VendorRequest) => boolean;
  readonly refusal?: VendorReply;
  readonly cases: readonly VendorCase[];
  /** What is empty where it says that nothing was found. */
  readonly cleanIsEmpty?: "map" | "list";
  /** What it says of its engine, where it does. */
  readonly epoch?: { readonly call: string; readonly answer: unknown; readonly is: string };
}

/** Answers each call by its own function, and what it has not with 404. */
export function routes(table: Readonly<Record<string, Behaviour>>): Behaviour {
  return (request) => {
    const route = table[request.call];
    return route === undefined
      ? { status: 404, body: { error: `no such call: ${request.call}` } }
      : route(request);
  };
}

/** The same answer to every call. */
export const always =
  (body: unknown, status = 200): Behaviour =>
  () => ({ status, body });
