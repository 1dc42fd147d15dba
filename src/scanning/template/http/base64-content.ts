import { type ContentKeeper, keepContent, type Replacement } from "../../index.ts";

/** New content that an answer holds in Base64. Rejects when it is none, or cannot be kept. */
export async function base64Content(value: unknown, keeper: ContentKeeper): Promise<Replacement> {
  const text = typeof value === "string" ? value.replace(/[\r\n]+/g, "") : "";
  if (text === "" || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) {
    throw new TypeError("result.content.base64 gave no Base64");
  }
  return kept(await keepContent(pieces(text), keeper, undefined));
}

/** A multiple of 4 characters, which are whole bytes. */
const PIECE_LENGTH = 64 * 1024;

async function* pieces(text: string): AsyncGenerator<Buffer, void, undefined> {
  for (let from = 0; from < text.length; from += PIECE_LENGTH) {
    yield Buffer.from(text.slice(from, from + PIECE_LENGTH), "base64");
  }
}

/** Rejects what could not be kept. */
export function kept(content: Replacement | { readonly unreadable: string }): Replacement {
  if ("unreadable" in content) throw new Error(content.unreadable);
  return content;
}
