import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { numberOf, stringAt, stringOf } from "./pdf-dictionary.ts";

/** What a password is filled up with (ISO 32000-1, 7.6.3.3); all there is of an empty one. */
const PADDING = Buffer.from(
  "28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a",
  "hex",
);
const AES_BLOCK_BYTES = 16;

/** Which object a stream is, as its key depends on it. */
export interface PdfObjectId {
  readonly number: number;
  readonly generation: number;
}

/** Decrypts the streams of a document. */
export type PdfDecryption = (bytes: Buffer, id: PdfObjectId) => Buffer;

/**
 * The way to decrypt a document that opens without a password, as readers do without asking: most
 * encrypted documents only forbid printing or copying. Undefined when a password is wanted, or the
 * encryption is none of the standard's.
 *
 * @param dictionary text of the encryption dictionary
 * @param trailer text that holds the `/ID` of the document
 */
export function withoutPassword(dictionary: string, trailer: string): PdfDecryption | undefined {
  const facts = factsOf(dictionary, trailer);
  if (facts === undefined) return undefined;
  const key = facts.revision >= 5 ? keyOfRevision6(facts) : keyOfRevision4(facts);
  if (key === undefined) return undefined;
  if (facts.method === "none") return (bytes) => bytes;
  if (facts.method === "AESV3") return (bytes) => aesDecrypted(key, bytes);
  const isAes = facts.method === "AESV2";
  return (bytes, id) => {
    const objectKey = keyOfObject(key, id, isAes);
    return isAes ? aesDecrypted(objectKey, bytes) : rc4(objectKey, bytes);
  };
}

interface EncryptionFacts {
  readonly revision: number;
  readonly method: "RC4" | "AESV2" | "AESV3" | "none";
  readonly keyBytes: number;
  readonly permissions: number;
  readonly owner: Buffer;
  readonly user: Buffer;
  readonly userKey: Buffer;
  readonly documentId: Buffer;
  readonly encryptsMetadata: boolean;
}

function factsOf(dictionary: string, trailer: string): EncryptionFacts | undefined {
  const [revision, owner, user] = [
    numberOf(dictionary, "R"),
    stringOf(dictionary, "O"),
    stringOf(dictionary, "U"),
  ];
  if (revision === undefined || owner === undefined || user === undefined) return undefined;
  const version = numberOf(dictionary, "V") ?? 0;
  const idAt = /\/ID\s*\[\s*/.exec(trailer);
  return {
    ...{ revision, owner, user },
    method: methodOf(dictionary, version),
    keyBytes: version >= 4 ? 16 : (numberOf(dictionary, "Length") ?? 40) / 8,
    permissions: numberOf(dictionary, "P") ?? 0,
    userKey: stringOf(dictionary, "UE") ?? Buffer.alloc(0),
    documentId: idAt === null ? Buffer.alloc(0) : stringAt(trailer, idAt.index + idAt[0].length),
    encryptsMetadata: !/\/EncryptMetadata\s+false/.test(dictionary),
  };
}

function methodOf(dictionary: string, version: number): EncryptionFacts["method"] {
  if (version < 4) return "RC4";
  if (/\/StmF\s*\/Identity/.test(dictionary) || !/\/StmF/.test(dictionary)) return "none";
  const [, method] = /\/CFM\s*\/(AESV2|AESV3)/.exec(dictionary) ?? [];
  return (method as "AESV2" | "AESV3" | undefined) ?? "RC4";
}

/** Revisions 2 to 4: ISO 32000-1, algorithms 2, 4 and 5. Undefined when it is not the key. */
function keyOfRevision4(facts: EncryptionFacts): Buffer | undefined {
  const { revision, owner, user, documentId } = facts;
  const length = revision === 2 ? 5 : Math.min(16, Math.max(5, facts.keyBytes));
  const permissions = Buffer.alloc(4);
  permissions.writeInt32LE(facts.permissions | 0);
  const metadata =
    revision >= 4 && !facts.encryptsMetadata ? Buffer.alloc(4, 0xff) : Buffer.alloc(0);
  let key = md5(PADDING, owner.subarray(0, 32), permissions, documentId, metadata);
  for (let round = 0; revision >= 3 && round < 50; round += 1) key = md5(key.subarray(0, length));
  key = key.subarray(0, length);
  if (revision === 2) return rc4(key, PADDING).equals(user.subarray(0, 32)) ? key : undefined;
  let check = rc4(key, md5(PADDING, documentId));
  for (let round = 1; round <= 19; round += 1) {
    check = rc4(
      key.map((byte) => byte ^ round),
      check,
    );
  }
  return check.equals(user.subarray(0, AES_BLOCK_BYTES)) ? key : undefined;
}

/** Revisions 5 and 6: ISO 32000-2, algorithm 2.A. Undefined when it is not the key. */
function keyOfRevision6({ revision, user, userKey }: EncryptionFacts): Buffer | undefined {
  if (user.length < 48 || userKey.length < 32) return undefined;
  const hash = revision === 5 ? (salt: Buffer) => sha(256, salt) : hardenedHash;
  if (!hash(user.subarray(32, 40)).equals(user.subarray(0, 32))) return undefined;
  const decipher = createDecipheriv("aes-256-cbc", hash(user.subarray(40, 48)), Buffer.alloc(16));
  decipher.setAutoPadding(false);
  return Buffer.concat([decipher.update(userKey.subarray(0, 32)), decipher.final()]);
}

/** ISO 32000-2, algorithm 2.B, of an empty password. */
function hardenedHash(salt: Buffer): Buffer {
  let key = sha(256, salt);
  for (let round = 0; ; round += 1) {
    const repeated = Buffer.concat(Array<Buffer>(64).fill(key));
    const cipher = createCipheriv("aes-128-cbc", key.subarray(0, 16), key.subarray(16, 32));
    cipher.setAutoPadding(false);
    const encrypted = cipher.update(repeated);
    const remainder = encrypted.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = sha(remainder === 0 ? 256 : remainder === 1 ? 384 : 512, encrypted);
    if (round >= 63 && (encrypted.at(-1) ?? 0) <= round - 31) return key.subarray(0, 32);
  }
}

/** ISO 32000-1, algorithm 1. */
function keyOfObject(key: Buffer, { number, generation }: PdfObjectId, isAes: boolean): Buffer {
  const id = Buffer.alloc(5);
  id.writeUIntLE(number & 0xffffff, 0, 3);
  id.writeUIntLE(generation & 0xffff, 3, 2);
  const salt = Buffer.from(isAes ? "sAlT" : "");
  return md5(key, id, salt).subarray(0, Math.min(16, key.length + 5));
}

/** The first block is the initial vector; what is left of a cut-off block is left out. */
function aesDecrypted(key: Buffer, bytes: Buffer): Buffer {
  const whole = bytes.length - (bytes.length % AES_BLOCK_BYTES);
  if (whole <= AES_BLOCK_BYTES) return Buffer.alloc(0);
  const vector = bytes.subarray(0, AES_BLOCK_BYTES);
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, vector);
  decipher.setAutoPadding(false);
  const padded = decipher.update(bytes.subarray(AES_BLOCK_BYTES, whole));
  const padding = padded.at(-1) ?? 0;
  return padding <= AES_BLOCK_BYTES ? padded.subarray(0, padded.length - padding) : padded;
}

/** OpenSSL 3 has it no more. */
function rc4(key: Uint8Array, bytes: Buffer): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const at = (index: number): number => state[index & 0xff] ?? 0;
  const swap = (a: number, b: number): void => {
    const kept = at(a);
    state[a & 0xff] = at(b);
    state[b & 0xff] = kept;
  };
  for (let i = 0, j = 0; i < 256; i += 1) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 0xff;
    swap(i, j);
  }
  let j = 0;
  return Buffer.from(
    bytes.map((byte, index) => {
      const i = index + 1;
      j = (j + at(i)) & 0xff;
      swap(i, j);
      return byte ^ at(at(i) + at(j));
    }),
  );
}

function md5(...parts: readonly Uint8Array[]): Buffer {
  return createHash("md5").update(Buffer.concat(parts)).digest();
}

function sha(bits: 256 | 384 | 512, bytes: Buffer): Buffer {
  return createHash(`sha${bits}`).update(bytes).digest();
}
