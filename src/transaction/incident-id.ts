import { randomBytes } from "node:crypto";

/** Crockford's base 32: no letter that is read as a digit, fit for a telephone. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS = 16;
const GROUP = 4;

/**
 * Names a transaction to people and in logs: 80 random bits as `7K3F-9QWM-2XTR-04BC`. It tells nothing
 * about the transaction and cannot be guessed.
 */
export function makeIncidentId(): string {
  const random = randomBytes(CHARACTERS);
  let id = "";
  for (let i = 0; i < CHARACTERS; i++) {
    if (i > 0 && i % GROUP === 0) id += "-";
    id += ALPHABET[(random[i] as number) & 31];
  }
  return id;
}
