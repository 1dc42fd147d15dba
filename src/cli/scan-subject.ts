import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { BodySource, HttpMessage } from "../client/index.ts";

/** Something to be scanned. */
export interface ScanSubject {
  /** As the person named it. */
  readonly name: string;
  /** Undefined: not known before its end. */
  readonly size: number | undefined;
  readonly body: BodySource;
}

const sourceBytes = 65_536;

/** Rejects with a message for a person when the file cannot be scanned. */
export async function fileSubject(path: string): Promise<ScanSubject> {
  const facts = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === "ENOENT" ? "no such file" : error.message);
  });
  if (facts.isDirectory()) throw new Error("is a directory; name the files in it");
  const body = createReadStream(path, { highWaterMark: sourceBytes });
  return { name: path, size: facts.isFile() ? facts.size : undefined, body };
}

export function stdinSubject(stdin: BodySource): ScanSubject {
  return { name: "stdin", size: undefined, body: stdin };
}

/**
 * The EICAR test file: harmless, and detected by every scanner by agreement. It is put together
 * here, so that no scanner takes exception to Sluice itself.
 */
export function eicarSubject(): ScanSubject {
  const halves = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];
  const bytes = Buffer.from(halves.join("-"), "latin1");
  return { name: "eicar.com", size: bytes.length, body: oneOf(bytes) };
}

async function* oneOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** The subject as the answer to a download, which is what RESPMOD takes. */
export function downloadOf(
  subject: ScanSubject,
): Pick<HttpMessage, "requestHead" | "responseHead"> {
  const name = encodeURIComponent(basename(subject.name).toWellFormed());
  const length = subject.size === undefined ? [] : [`Content-Length: ${subject.size}`];
  return {
    requestHead: head(`GET http://scan.invalid/${name} HTTP/1.1`, "Host: scan.invalid"),
    responseHead: head("HTTP/1.1 200 OK", "Content-Type: application/octet-stream", ...length),
  };
}

/** The subject as an upload, for services that take requests only. */
export function uploadOf(subject: ScanSubject): Pick<HttpMessage, "requestHead"> {
  const name = encodeURIComponent(basename(subject.name).toWellFormed());
  const length = subject.size === undefined ? [] : [`Content-Length: ${subject.size}`];
  return {
    requestHead: head(
      `PUT http://scan.invalid/${name} HTTP/1.1`,
      "Host: scan.invalid",
      "Content-Type: application/octet-stream",
      ...length,
    ),
  };
}

const head = (...lines: readonly string[]): string => `${lines.join("\r\n")}\r\n\r\n`;

/** A body that is hashed while it passes. */
export class HashedBody {
  readonly #source: BodySource;
  readonly #hash: Hash = createHash("sha256");

  constructor(source: BodySource) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#source) {
      this.#hash.update(piece);
      yield piece;
    }
  }

  /** Of what has passed; asked once, at the end. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
