import { fieldValue, fieldValues } from "../protocol/index.ts";
import type { Message } from "./message.ts";

/** What of a message's head changes with its content. */
export interface NewContent {
  /** Bytes of the new body. */
  readonly size: number;
  /** Undefined: as it was. */
  readonly mediaType: string | undefined;
}

/**
 * Whether the content is a whole representation. Of a part of one (206, or an upload with
 * Content-Range) nothing can be replaced: the recipient puts it together with others.
 */
export function carriesWhole(message: Message): boolean {
  if (message.icap.method === "RESPMOD" && message.statusLine?.status === 206) return false;
  return fieldValue(message.entityFields, "content-range") === undefined;
}

/**
 * What is not true of the new content (RFC 9110 §7.7, RFC 9530, RFC 1864), and how the old one was
 * framed. The validators go as well: with If-Range they would join bytes of the origin to new ones.
 */
const UNTRUE: readonly string[] = [
  "content-length",
  "content-encoding",
  "etag",
  "last-modified",
  "accept-ranges",
  "content-md5",
  "digest",
  "content-digest",
  "repr-digest",
];
/** Of the connection that the message came on (RFC 3507 §4.4.2, RFC 9110 §7.6.1). */
const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** The message's own head for its new content; all that stays is byte for byte as it was. */
export function modifiedHead(message: Message, content: NewContent, via: string): string {
  // Some clients send a body alone, and get one back.
  if (message.ownHeadText === "") return "";
  const [startLine = "", ...lines] = headLines(message.ownHeadText);
  const { size } = content;
  const mediaType = newType(content.mediaType, fieldValue(message.entityFields, "content-type"));
  const connection = fieldValues(message.entityFields, "connection").join(",").toLowerCase();
  const dropped = new Set([
    ...UNTRUE,
    ...HOP_BY_HOP,
    ...connection.split(",").map((name) => name.trim()),
    ...(mediaType === undefined ? [] : ["content-type"]),
  ]);
  const kept = fieldsOf(lines).filter(({ name }) => name === "" || !dropped.has(name));
  return [
    startLine,
    ...kept.map(({ text }) => text),
    ...(mediaType === undefined ? [] : [`Content-Type: ${mediaType}`]),
    `Content-Length: ${size}`,
    // RFC 3507 §4.4.2: who changes an encapsulated message names itself in it.
    `Via: ICAP/1.0 ${via}`,
    "\r\n",
  ].join("\r\n");
}

/** Undefined: the old field says as much, and maybe more (a charset). */
function newType(mediaType: string | undefined, old: string | undefined): string | undefined {
  // What servers say that were told nothing.
  if (mediaType === undefined || mediaType === "application/octet-stream") return undefined;
  const isSame = old?.split(";", 1)[0]?.trim().toLowerCase() === mediaType.toLowerCase();
  return isSame ? undefined : mediaType;
}

/**
 * Up to the first blank line. A line feed alone ends a line as well, for recipients may take it so
 * (RFC 9112 §2.2): no field that is not true any more must stay behind one.
 */
function headLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  const end = lines.indexOf("", 1);
  return end < 0 ? lines : lines.slice(0, end);
}

interface Field {
  /** Lower case; empty for a line that is no field. */
  readonly name: string;
  /** As it came, with the lines that go on from it. */
  text: string;
}

function fieldsOf(lines: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (const line of lines) {
    const last = fields.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) last.text += `\r\n${line}`;
    else fields.push({ name: nameOf(line), text: line });
  }
  return fields;
}

function nameOf(line: string): string {
  const colon = line.indexOf(":");
  return colon < 0 ? "" : line.slice(0, colon).trim().toLowerCase();
}
