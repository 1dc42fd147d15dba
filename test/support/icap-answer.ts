/**
 * Reads ICAP answers for tests, on purpose without anything of src/protocol: the server must not be
 * checked with its own idea of the wire. It is strict: whatever RFC 3507 does not allow is an error.
 */

export interface IcapAnswer {
  readonly status: number;
  readonly reason: string;
  /** ICAP header fields in their order, names as sent. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Sections of `Encapsulated` in their order. */
  readonly sections: readonly (readonly [name: string, offset: number])[];
  /** The encapsulated HTTP heads, each with its blank line. */
  readonly requestHead: string | undefined;
  readonly responseHead: string | undefined;
  /** Decoded chunks; undefined with `null-body` and without `Encapsulated`. */
  readonly body: Buffer | undefined;
  /** What stands after the size of the last chunk, such as `; use-original-body=100`. */
  readonly lastChunkExtension: string;
  /** Every byte of the answer as it was sent. */
  readonly raw: Buffer;
}

/** The first field of that name, compared without case as ICAP does. */
export function icapField(answer: IcapAnswer, name: string): string | undefined {
  return answer.fields.find(([field]) => field.toLowerCase() === name.toLowerCase())?.[1];
}

/** Takes one answer from the front of the bytes; undefined while it is not complete. */
export function takeIcapAnswer(bytes: Buffer): IcapAnswer | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  // A line that starts with white space goes on the field before it, as in X-Violations-Found.
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split(/\r\n(?![ \t])/);
  const { status, reason } = parseStatusLine(statusLine);
  const fields = lines.map(parseField);
  const sections = parseSections(fields);
  const heads = takeHeads(bytes.subarray(headEnd + 4), sections);
  if (!heads) return undefined;
  const bodyStart = headEnd + 4 + heads.length;
  const hasBody = sections.at(-1)?.[0].endsWith("-body") && sections.at(-1)?.[0] !== "null-body";
  const body = hasBody ? takeChunks(bytes.subarray(bodyStart)) : emptyBody;
  if (!body) return undefined;
  return {
    status,
    reason,
    fields,
    sections,
    requestHead: heads.requestHead,
    responseHead: heads.responseHead,
    body: body.data,
    lastChunkExtension: body.extension,
    raw: bytes.subarray(0, bodyStart + body.length),
  };
}

const emptyBody = { data: undefined, extension: "", length: 0 } as const;

function parseStatusLine(line: string): { status: number; reason: string } {
  const match = /^ICAP\/1\.0 (\d{3}) (\S.*)$/.exec(line);
  if (!match) throw new Error(`not an ICAP status line with a reason phrase: ${line}`);
  return { status: Number(match[1]), reason: match[2] ?? "" };
}

function parseField(line: string): readonly [string, string] {
  const match = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/s.exec(line);
  if (!match) throw new Error(`not a header field: ${line}`);
  return [match[1] ?? "", match[2] ?? ""];
}

function parseSections(fields: readonly (readonly [string, string])[]): [string, number][] {
  const value = fields.find(([name]) => name.toLowerCase() === "encapsulated")?.[1];
  if (value === undefined) return [];
  const sections = value.split(", ").map((part): [string, number] => {
    const match = /^((?:req|res|opt|null)-(?:hdr|body))=(\d+)$/.exec(part);
    if (!match) throw new Error(`not a section of Encapsulated: ${part}`);
    return [match[1] ?? "", Number(match[2])];
  });
  if (!sections.at(-1)?.[0].endsWith("-body")) throw new Error(`no body section: ${value}`);
  return sections;
}

function takeHeads(bytes: Buffer, sections: readonly [string, number][]) {
  const length = sections.at(-1)?.[1] ?? 0;
  if (bytes.length < length) return undefined;
  const head = (name: string) => {
    const index = sections.findIndex(([section]) => section === name);
    if (index === -1) return undefined;
    const text = bytes.toString("latin1", sections[index]?.[1], sections[index + 1]?.[1]);
    if (!text.endsWith("\r\n\r\n")) throw new Error(`${name} does not end with a blank line`);
    return text;
  };
  return { length, requestHead: head("req-hdr"), responseHead: head("res-hdr") };
}

function takeChunks(bytes: Buffer) {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const [, hex = "", extension = ""] =
      /^([0-9a-fA-F]+)(.*)$/.exec(bytes.toString("latin1", at, lineEnd)) ?? [];
    const size = Number.parseInt(hex, 16);
    if (Number.isNaN(size)) throw new Error(`not a chunk size at ${at}`);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (bytes.toString("latin1", end, end + 2) !== "\r\n") throw new Error("no CRLF after a chunk");
    if (size === 0) return { data: Buffer.concat(chunks), extension, length: end + 2 };
    chunks.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
