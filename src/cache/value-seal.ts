import { hash, timingSafeEqual } from "node:crypto";

/** First byte of a sealed value: what it was sealed with. */
const Form = { Known: 1, Secret: 2 } as const;
/** HMAC-SHA-256 cut to 128 bits (RFC 2104 §5): forging takes 2^128 tries, each of them seen. */
const TAG_BYTES = 16;

/**
 * Protects values that lie where others may write. A value is bound to its place: who can write to the
 * store but has no key can neither make a value nor move one to another place. Without keys of its own
 * it is sealed with one that everybody knows: that keeps nobody from making a value, but an answer to
 * another question, or half of one, is none.
 */
export class ValueSeal {
  readonly #keys: readonly HmacKey[];
  readonly #form: number;

  /** The first key signs, all of them verify, so that a key can be replaced pod by pod. */
  constructor(keys: readonly Buffer[]) {
    this.#keys = keys.length === 0 ? [KNOWN_KEY] : keys.map(hmacKey);
    this.#form = keys.length === 0 ? Form.Known : Form.Secret;
  }

  get authenticates(): boolean {
    return this.#form === Form.Secret;
  }

  seal(place: string, value: Buffer): Buffer {
    const [key = KNOWN_KEY] = this.#keys;
    return Buffer.concat([Buffer.of(this.#form), tagOf(key, place, value), value]);
  }

  /** The value, or undefined when it is of another version or does not verify. */
  open(place: string, sealed: Buffer): Buffer | undefined {
    if (sealed[0] !== this.#form || sealed.length < 1 + TAG_BYTES) return undefined;
    const tag = sealed.subarray(1, 1 + TAG_BYTES);
    const value = sealed.subarray(1 + TAG_BYTES);
    const verifies = this.#keys.some((key) => timingSafeEqual(tag, tagOf(key, place, value)));
    return verifies ? value : undefined;
  }
}

/** A key as HMAC uses it: a block for the inner hash and one for the outer. */
interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

const BLOCK_BYTES = 64;
const KNOWN_KEY = hmacKey(Buffer.from("sluice"));

function hmacKey(key: Buffer): HmacKey {
  const short = key.length > BLOCK_BYTES ? hash("sha256", key, "buffer") : key;
  const block = Buffer.concat([short, Buffer.alloc(BLOCK_BYTES - short.length)]);
  return { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) };
}

/**
 * HMAC (RFC 2104 §2) out of two hashes: `createHmac` makes an object of OpenSSL each time, which
 * costs more than all the rest of a read. The length keeps place and value apart whatever they hold.
 */
function tagOf({ inner, outer }: HmacKey, place: string, value: Buffer): Buffer {
  const text = Buffer.from(`sluice:${Buffer.byteLength(place)}:${place}`);
  const digest = hash("sha256", Buffer.concat([inner, text, value]), "buffer");
  return hash("sha256", Buffer.concat([outer, digest]), "buffer").subarray(0, TAG_BYTES);
}
