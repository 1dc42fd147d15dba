import { hash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Logger } from "../telemetry/index.ts";

interface Token {
  /** Who has it, for the audit. */
  readonly name: string;
  readonly digest: Buffer;
}

/** Short ones can be guessed; the characters are those of RFC 6750 §2.1. */
const LINE = /^(?:([A-Za-z0-9._@-]{1,64})[ \t]+)?([A-Za-z0-9._~+/-]{32,512}=*)$/;
const REREAD_MS = 1000;
const NAME_CHARACTERS = 8;

/**
 * The bearer tokens of a file: one a line, with the name of its owner before it or without. The file is
 * looked at again when a request comes, so that a token that was taken away is worth nothing a second
 * later; while it cannot be read nobody has access.
 */
export class AdminTokens {
  readonly #path: string;
  readonly #logger: Logger;
  #tokens: readonly Token[];
  #readAt = performance.now();
  #isBad = false;

  /** Throws, without a token in the reason, when the file cannot be used. */
  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    this.#tokens = parseTokens(readFileSync(path, "utf8"), path);
  }

  /** Who sent this `Authorization`; undefined: nobody who has access. Takes as long for either. */
  async ownerOf(authorization: string | undefined): Promise<string | undefined> {
    await this.#reread();
    const [, presented] = /^bearer +(\S+) *$/i.exec(authorization ?? "") ?? [];
    if (presented === undefined) return undefined;
    const digest = digestOf(presented);
    const owners = this.#tokens.filter((token) => timingSafeEqual(token.digest, digest));
    return owners[0]?.name;
  }

  async #reread(): Promise<void> {
    if (performance.now() - this.#readAt < REREAD_MS) return;
    this.#readAt = performance.now();
    try {
      this.#tokens = parseTokens(await readFile(this.#path, "utf8"), this.#path);
      this.#isBad = false;
    } catch (error) {
      this.#tokens = [];
      if (!this.#isBad)
        this.#logger.error("admin tokens cannot be read", { why: messageOf(error) });
      this.#isBad = true;
    }
  }
}

function parseTokens(text: string, path: string): Token[] {
  const tokens: Token[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const content = line.trim();
    if (content === "" || content.startsWith("#")) continue;
    const [, name, token] = LINE.exec(content) ?? [];
    if (token === undefined) {
      throw new Error(
        `${path}:${index + 1}: expected a token of 32 to 512 characters (A-Z a-z 0-9 . _ ~ + / -), with a name and a space before it or without`,
      );
    }
    const digest = digestOf(token);
    const shortened = digest.toString("hex").slice(0, NAME_CHARACTERS);
    tokens.push({ name: name ?? `token-${shortened}`, digest });
  }
  if (tokens.length === 0) throw new Error(`${path} holds no token`);
  return tokens;
}

/** Digests are of one length, and tell nothing by the time that comparing them takes. */
function digestOf(token: string): Buffer {
  return hash("sha256", token, "buffer");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
