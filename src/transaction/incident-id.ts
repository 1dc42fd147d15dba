import { randomFillSync } from "node:crypto";

/** Crockford's base 32: no letter that is read as a digit, fit for a telephone. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS = 16;
const GROUP = 4;
/** Random bytes are fetched for so many ids at once: a fetch costs more than the rest of an id. */
const IDS_AT_ONCE = 256;

const random = new Uint8Array(IDS_AT_ONCE * CHARACTERS);
let used = random.length;

/**
 * Names a transaction to people and in logs: 80 random bits as `7K3F-9QWM-2XTR-04BC`. It tells nothing
 * about the transaction and cannot be guessed.
 */
export function makeIncidentId(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  let id = "";
  for (let i = 0; i < CHARACTERS; i++) {
    if (i > 0 && i % GROUP === 0) id += "-";
    id += ALPHABET[(random[used++] as number) & 31];
  }
  return id;
}
