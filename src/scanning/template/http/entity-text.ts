import { type Entity, readHead } from "../../../entity/index.ts";
import { VerdictReason } from "../../index.ts";

/** Why there is no text, in the words of a verdict. */
export interface NoText {
  readonly reason: VerdictReason;
  readonly message: string;
}

/** Types beside `text/*` whose bytes are text. */
const TEXTS = new Set([
  ...["application/json", "application/xml", "application/javascript", "application/x-ndjson"],
  ...["application/x-www-form-urlencoded", "application/xhtml+xml", "application/yaml"],
  ...["application/x-wsf", "application/hta", "application/x-powershell", "image/svg+xml"],
  ...["application/graphql", "application/sql", "application/rtf", "message/rfc822"],
]);
const SUFFIX = /\+(json|xml|yaml)$/;

/** An entity as text, decoded by its byte order mark or as UTF-8; text only, within a bound. */
export async function entityText(entity: Entity, maxBytes: number): Promise<string | NoText> {
  const type = entity.detectedType ?? entity.declaredType ?? "";
  if (entity.size > 0 && !isText(type)) {
    return { reason: VerdictReason.Type, message: "the scanner takes text only" };
  }
  if (entity.size > maxBytes) {
    const message = `the scanner takes ${maxBytes} bytes of text, and the entity has ${entity.size}`;
    return { reason: VerdictReason.Size, message };
  }
  return decode(await readHead(entity.content, maxBytes));
}

function isText(type: string): boolean {
  return type.startsWith("text/") || TEXTS.has(type) || SUFFIX.test(type);
}

function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  return new TextDecoder("utf-8").decode(bytes);
}
