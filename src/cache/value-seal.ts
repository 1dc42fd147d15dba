import { createHmac, timingSafeEqual } from "node:crypto";

/** First byte of a sealed value: how the rest is to be read. */
const Form = { Plain: 1, Authenticated: 2 } as const;
/** HMAC-SHA-256 cut to 128 bits (RFC 2104 §5): forging takes 2^128 tries, each of them seen. */
const TAG_BYTES = 16;

/**
 * Protects values that lie where others may write. With keys, a value is bound to its place: who can
 * write to the store but has no key can neither make a value nor move one to another place. Without
 * keys it is only marked with its version.
 */
export class ValueSeal {
  readonly #keys: readonly Buffer[];

  /** The first key signs, all of them verify, so that a key can be replaced pod by pod. */
  constructor(keys: readonly Buffer[]) {
    this.#keys = keys;
  }

  get authenticates(): boolean {
    return this.#keys.length > 0;
  }

  seal(place: string, value: Buffer): Buffer {
    const [key] = this.#keys;
    if (key === undefined) return Buffer.concat([Buffer.of(Form.Plain), value]);
    return Buffer.concat([Buffer.of(Form.Authenticated), tagOf(key, place, value), value]);
  }

  /** The value, or undefined when it is of another version or does not verify. */
  open(place: string, sealed: Buffer): Buffer | undefined {
    if (!this.authenticates) return sealed[0] === Form.Plain ? sealed.subarray(1) : undefined;
    if (sealed[0] !== Form.Authenticated || sealed.length < 1 + TAG_BYTES) return undefined;
    const tag = sealed.subarray(1, 1 + TAG_BYTES);
    const value = sealed.subarray(1 + TAG_BYTES);
    const verifies = this.#keys.some((key) => timingSafeEqual(tag, tagOf(key, place, value)));
    return verifies ? value : undefined;
  }
}

/** The length keeps place and value apart whatever they hold. */
function tagOf(key: Buffer, place: string, value: Buffer): Buffer {
  return createHmac("sha256", key)
    .update(`sluice:${Buffer.byteLength(place)}:${place}`)
    .update(value)
    .digest()
    .subarray(0, TAG_BYTES);
}
