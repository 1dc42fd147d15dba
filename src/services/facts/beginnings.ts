import { hash } from "node:crypto";
import type { Entity } from "../../entity/index.ts";
import { type Beginning, ScanStage } from "../../scanning/index.ts";
import type { KnownEntity } from "./message-facts.ts";

/** The heads, and the first bytes where they are the entity's own. */
export function beginningsOf(known: KnownEntity, bytes: Buffer | undefined): Beginning[] {
  const { fileName, declaredType, detectedType, size } = known;
  const totalBytes = size < 0 ? undefined : size;
  const facts = { fileName, declaredType, totalBytes };
  const heads = { ...facts, stage: ScanStage.Headers, bytes: NO_BYTES, detectedType: undefined };
  if (bytes === undefined || bytes.length === 0) return [heads];
  return [heads, { ...facts, stage: ScanStage.Preview, bytes, detectedType }];
}

const NO_BYTES = Buffer.alloc(0);
const SHA256_OF_NOTHING = hash("sha256", NO_BYTES, "hex");

/** The entity that a message without a body does not have. */
export function nothingOf({ fileName, declaredType }: KnownEntity): Entity {
  return {
    content: { kind: "memory", data: NO_BYTES },
    size: 0,
    sha256: SHA256_OF_NOTHING,
    fileName,
    declaredType,
    detectedType: undefined,
  };
}
