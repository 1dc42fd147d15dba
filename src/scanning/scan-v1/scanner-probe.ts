import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Verdict } from "../verdict.ts";
import { answerOf, type Reply } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { readInfo, type ScannerInfo } from "./scanner-info.ts";

const TIMEOUT_MS = 30_000;
const POLLS = 60;

export interface Posted {
  readonly content: Buffer;
  readonly fields?: Readonly<Record<string, string>>;
  /** The length is not said beforehand; all but the first byte may be held back for a while. */
  readonly chunked?: { readonly isHeld?: boolean; readonly onEnd?: () => void };
  readonly signal?: AbortSignal;
  /** The content is a beginning. */
  readonly mayContinue?: boolean;
}

/** A verdict, or a text that says what came in its place. */
export type Said = Verdict | string;

/** Asks a scanner as any client of scan/v1 may, and reads the answers as strictly as Sluice does. */
export class ScannerProbe {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #heldMs: number;

  /** @param heldMs how long a body is held back where it is; whoever reads it waits */
  constructor(connection: Connection, path: string, heldMs: number) {
    this.#connection = connection;
    this.#path = path;
    this.#heldMs = heldMs;
  }

  get(path: string): Promise<Reply> {
    return this.#connection.exchange({
      method: "GET",
      path: this.#path + path,
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  }

  /** Undefined when the scanner has no info; a text when what it has is none. */
  async info(): Promise<ScannerInfo | string | undefined> {
    const { status, json } = await this.get("/v1/info");
    if (status === 404) return undefined;
    if (status !== 200) return `answered ${status}`;
    const info = typeof json === "string" ? readInfo(json) : undefined;
    return info ?? "answered 200 without a scan/v1 info document as application/json";
  }

  /** The bare answer to a scan. */
  post({ content, fields = {}, chunked, signal, mayContinue }: Posted): Promise<Reply> {
    const length = chunked !== undefined ? {} : { "content-length": String(content.length) };
    const digest = createHash("sha256").update(content).digest("base64");
    return this.#connection.exchange({
      method: "POST",
      path: `${this.#path}/v1/scan`,
      headers: {
        accept: "application/json",
        "content-type": "application/octet-stream",
        "content-digest": `sha-256=:${digest}:`,
        ...length,
        ...fields,
      },
      body:
        chunked === undefined
          ? content
          : Readable.from(inParts(content, chunked.isHeld ? this.#heldMs : 0, chunked.onEnd)),
      mayContinue,
      signal: signal ?? AbortSignal.timeout(TIMEOUT_MS),
    });
  }

  /** The verdict of a scan, polled for where the scanner takes its time. */
  async scan(posted: Posted): Promise<Said> {
    return this.#verdictOf(await this.post(posted));
  }

  async #verdictOf(first: Reply): Promise<Said> {
    let reply = first;
    const location = first.headers["location"];
    for (let poll = 0; reply.status === 202 && poll < POLLS; poll += 1) {
      if (typeof location !== "string" || !location.startsWith("/")) {
        return "answered 202 without a Location that is a path";
      }
      await pause(Math.min(answerOf(reply).pauseMs ?? 1000, 5000));
      reply = await this.#poll(location);
    }
    return verdictIn(reply);
  }

  #poll(path: string): Promise<Reply> {
    const headers = { accept: "application/json", prefer: "wait=10" };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return this.#connection.exchange({ method: "GET", path, headers, signal });
  }
}

async function* inParts(
  content: Buffer,
  heldMs: number,
  onEnd: (() => void) | undefined,
): AsyncGenerator<Buffer> {
  // With it the head goes out.
  yield content.subarray(0, 1);
  if (heldMs > 0) await pause(heldMs);
  onEnd?.();
  yield content.subarray(1);
}

/** What a final answer says. A scanner may fail, as long as it says so with its own word. */
function verdictIn(reply: Reply): Said {
  const { verdict, failed } = answerOf(reply);
  return failed ? (verdict.message ?? `answered ${reply.status}`) : verdict;
}
