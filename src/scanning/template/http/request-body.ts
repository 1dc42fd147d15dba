import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { type EntityContent, readContent } from "../../../entity/index.ts";
import type { TextTemplate } from "../language/text-template.ts";
import { fillJson } from "../plan/json-plan.ts";
import type { NamedTexts, PlannedBody } from "../plan/plan.ts";

/** The bytes of an entity: what a body may hold. */
export interface BodyContent {
  readonly content: EntityContent;
  readonly size: number;
}

/** What goes out after the head. Its length is known in every mode. */
export interface RequestBody {
  readonly contentType: string;
  readonly length: number;
  /** A stream of its own for each attempt. */
  readonly open: () => Readable | Buffer;
}

/** Fills in texts. */
export interface Filler {
  /** As it is. */
  readonly text: (template: TextTemplate) => string;
  /** For a header field. */
  readonly field: (template: TextTemplate) => string;
  readonly roots: Readonly<Record<string, unknown>>;
}

const MAX_NAME_LENGTH = 255;

/** Makes the body of a request; undefined when it has none. Throws when a path leads nowhere. */
export function requestBody(
  plan: PlannedBody,
  filler: Filler,
  content: BodyContent | undefined,
): RequestBody | undefined {
  switch (plan.mode) {
    case "None":
      return undefined;
    case "Raw": {
      const { size, content: bytes } = required(content);
      return bodyOf(filler.field(plan.contentType), [{ bytes, length: size }]);
    }
    case "Multipart":
      return multipart(plan, filler, required(content));
    case "Form": {
      const pairs = filledFields(plan.fields, filler).map(
        ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
      );
      return bodyOf("application/x-www-form-urlencoded", [pairs.join("&")]);
    }
    case "Json":
      return jsonBody(plan, filler, content);
    case "Text":
      return bodyOf(filler.field(plan.contentType), [filler.text(plan.text)]);
    default:
      return plan satisfies never;
  }
}

function required(content: BodyContent | undefined): BodyContent {
  if (content === undefined) throw new Error("the entity is not at hand any more");
  return content;
}

interface Bytes {
  readonly bytes: EntityContent;
  readonly length: number;
  readonly isBase64?: boolean;
}

type Piece = string | Bytes;

function bodyOf(contentType: string, pieces: readonly Piece[]): RequestBody {
  const texts = pieces.filter((piece) => typeof piece === "string");
  if (texts.length === pieces.length) {
    const bytes = Buffer.from(texts.join(""));
    return { contentType, length: bytes.length, open: () => bytes };
  }
  const length = pieces.reduce(
    (sum, piece) => sum + (typeof piece === "string" ? Buffer.byteLength(piece) : piece.length),
    0,
  );
  return { contentType, length, open: () => Readable.from(read(pieces), { objectMode: false }) };
}

async function* read(pieces: readonly Piece[]): AsyncGenerator<Buffer, void, undefined> {
  for (const piece of pieces) {
    if (typeof piece === "string") yield Buffer.from(piece);
    else if (piece.isBase64 === true) yield* inBase64(piece.bytes);
    else yield* readContent(piece.bytes, { chunkBytes: CHUNK_BYTES });
  }
}

/** A multiple of 3, so that pieces of Base64 join without padding between them. */
const CHUNK_BYTES = 3 * 16 * 1024;

async function* inBase64(content: EntityContent): AsyncGenerator<Buffer, void, undefined> {
  let rest = Buffer.alloc(0);
  for await (const piece of readContent(content, { chunkBytes: CHUNK_BYTES })) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.length - (bytes.length % 3);
    yield Buffer.from(bytes.toString("base64", 0, whole), "latin1");
    rest = Buffer.from(bytes.subarray(whole));
  }
  if (rest.length > 0) yield Buffer.from(rest.toString("base64"), "latin1");
}

function multipart(
  plan: PlannedBody & { readonly mode: "Multipart" },
  filler: Filler,
  { content, size }: BodyContent,
): RequestBody {
  // 128 random bits: nobody can put the boundary into an entity or a field.
  const boundary = `sluice-${randomBytes(16).toString("hex")}`;
  const fields = filledFields(plan.fields, filler).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${quotable(name)}"\r\n\r\n${value}\r\n`,
  );
  const fileName = quotable(filler.text(plan.fileName)).slice(0, MAX_NAME_LENGTH) || "file";
  const head = [
    ...fields,
    `--${boundary}\r\n`,
    `Content-Disposition: form-data; name="${quotable(plan.field)}"; filename="${fileName}"\r\n`,
    `Content-Type: ${filler.field(plan.contentType)}\r\n\r\n`,
  ].join("");
  const end = `\r\n--${boundary}--\r\n`;
  return bodyOf(`multipart/form-data; boundary=${boundary}`, [
    head,
    { bytes: content, length: size },
    end,
  ]);
}

/**
 * Plain ASCII that can stand between quotes. VirusTotal refuses `filename*=`, and how others undo
 * escapes differs: what is not plain becomes an underscore.
 */
function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\/]/gu, "_");
}

function jsonBody(
  plan: PlannedBody & { readonly mode: "Json" },
  filler: Filler,
  content: BodyContent | undefined,
): RequestBody {
  const mark = `content-${randomBytes(16).toString("hex")}`;
  const [before = "", after] = JSON.stringify(fillJson(plan.json, filler.roots, mark)).split(mark);
  const contentType = filler.field(plan.contentType);
  if (after === undefined) return bodyOf(contentType, [before]);
  const { content: bytes, size } = required(content);
  const length = Math.ceil(size / 3) * 4;
  return bodyOf(contentType, [before, { bytes, length, isBase64: true }, after]);
}

function filledFields(fields: NamedTexts, { text }: Filler): [string, string][] {
  return fields
    .map(([name, template]): [string, string] => [name, text(template)])
    .filter(([, value]) => value !== "");
}
