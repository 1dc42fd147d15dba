import { chunk, head, lastChunk } from "./wire-text.ts";

export interface IcapRequestText {
  readonly method: "REQMOD" | "RESPMOD";
  readonly path: string;
  /** ICAP fields beside Host and Encapsulated, such as `Allow: 204`. */
  readonly fields?: readonly string[];
  /** Without it the message has no body. */
  readonly body?: string;
}

export const requestHead = head("POST /up?secret=1 HTTP/1.1", "Host: files.example", "X-Odd:  a  ");
export const responseHead = head(
  "HTTP/1.1 200 OK",
  "content-TYPE: text/plain",
  "Set-Cookie: a",
  "Set-Cookie: b",
);

/** The HTTP head that comes back when the message passes. */
export function ownHead(method: "REQMOD" | "RESPMOD"): string {
  return method === "REQMOD" ? requestHead : responseHead;
}

/** Head of a request with its encapsulated HTTP heads, up to the first chunk. */
export function icapHead({ method, path, fields = [], body }: IcapRequestText): string {
  const heads = method === "REQMOD" ? requestHead : requestHead + responseHead;
  const part = method === "REQMOD" ? "req" : "res";
  const sections = [
    "req-hdr=0",
    ...(method === "REQMOD" ? [] : [`res-hdr=${requestHead.length}`]),
    `${body === undefined ? "null" : part}-body=${heads.length}`,
  ];
  return (
    head(
      `${method} icap://127.0.0.1${path} ICAP/1.0`,
      "Host: 127.0.0.1",
      ...fields,
      `Encapsulated: ${sections.join(", ")}`,
    ) + heads
  );
}

/** A whole request, its body in one chunk. */
export function icapRequest(text: IcapRequestText): string {
  return icapHead(text) + (text.body === undefined ? "" : chunks(text.body));
}

/** A whole body: one chunk, unless it is empty, and the last chunk. */
export function chunks(body: string): string {
  return (body === "" ? "" : chunk(body)) + lastChunk;
}

export function optionsRequest(path: string, ...fields: readonly string[]): string {
  return head(`OPTIONS icap://127.0.0.1${path} ICAP/1.0`, "Host: 127.0.0.1", ...fields);
}
