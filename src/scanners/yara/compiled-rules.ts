import { createHash, randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Counts up when compiled rules come to hold something else, such as other variables. */
const FORM = 1;
const DIGEST_BYTES = 32;

/**
 * A file of compiled rules, named after all that goes into it. The engine believes what it is
 * given, so a digest stands before it: a file that is cut off or damaged is as good as none. That is
 * no protection from somebody who may write to the directory; let nobody else do so.
 */
export class CompiledRules {
  readonly #path: string;

  constructor(directory: string, rulesDigest: string, engineVersion: string) {
    const name = createHash("sha256")
      .update(`${FORM} ${engineVersion} ${rulesDigest}`)
      .digest("hex");
    this.#path = join(directory, `${name}.yarac`);
  }

  /** Undefined when there are none, or none that can be trusted. */
  read(): Buffer | undefined {
    let file: Buffer;
    try {
      file = readFileSync(this.#path);
    } catch {
      return undefined;
    }
    const compiled = file.subarray(DIGEST_BYTES);
    return digestOf(compiled).equals(file.subarray(0, DIGEST_BYTES)) ? compiled : undefined;
  }

  /** Whole or not at all, whoever else does the same. What goes wrong costs time at the next start only. */
  write(serialize: () => Buffer): void {
    const temporary = `${this.#path}.${randomUUID()}`;
    try {
      const compiled = serialize();
      writeFileSync(temporary, Buffer.concat([digestOf(compiled), compiled]), { mode: 0o600 });
      renameSync(temporary, this.#path);
    } catch {
      rmSync(temporary, { force: true });
    }
  }
}

function digestOf(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
