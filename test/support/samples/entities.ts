import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { Entity } from "../../../src/entity/index.ts";
import type { ScanContext } from "../../../src/scanning/index.ts";

type About = Partial<Pick<Entity, "fileName" | "declaredType" | "detectedType">>;

/** An entity held in memory. */
export function entityOf(bytes: Buffer | string, about: About = {}): Entity {
  const data = Buffer.from(bytes);
  return { content: { kind: "memory", data }, ...described(data, about) };
}

/** The same bytes as a range of a file at `path`, with other bytes before and after it. */
export function fileEntityOf(bytes: Buffer, path: string, about: About = {}): Entity {
  const before = Buffer.alloc(37, "<");
  writeFileSync(path, Buffer.concat([before, bytes, Buffer.alloc(11, ">")]));
  return {
    content: { kind: "file", path, offset: before.length, length: bytes.length },
    ...described(bytes, about),
  };
}

function described(data: Buffer, about: About): Omit<Entity, "content"> {
  return {
    size: data.length,
    sha256: createHash("sha256").update(data).digest("hex"),
    fileName: about.fileName,
    declaredType: about.declaredType,
    detectedType: about.detectedType,
  };
}

/** A context as the transaction gives it; the signal never fires unless one is given. */
export function scanContext(signal: AbortSignal = new AbortController().signal): ScanContext {
  return {
    transactionId: "01JTESTTRANSACTION",
    service: "scan",
    direction: "respmod",
    url: "http://files.example/report",
    signal,
  };
}
