import { type Fields, Method } from "../protocol/index.ts";
import type { ServiceUrl } from "./service-url.ts";

/** What a request encapsulates beside its body. */
export interface EncapsulatedHeads {
  /** HTTP request head with its blank line. */
  readonly requestHead?: string;
  /** HTTP response head with its blank line. */
  readonly responseHead?: string;
  readonly hasBody: boolean;
}

export interface RequestHeadOptions {
  readonly method: Method;
  readonly url: ServiceUrl;
  readonly userAgent: string;
  /** Further ICAP fields: `[name, value, …]`, checked by the caller. */
  readonly fields: Fields;
  /** Undefined: no preview. */
  readonly previewBytes: number | undefined;
  readonly allow204: boolean;
}

/** The ICAP head and the HTTP heads of a request, ready to be sent (RFC 3507 §4.3, §4.4). */
export function requestHead(options: RequestHeadOptions, heads: EncapsulatedHeads): string {
  const { method, url, userAgent, fields, previewBytes, allow204 } = options;
  const lines = [`${method} ${url.uri} ICAP/1.0`, `Host: ${url.authority}`];
  lines.push(`User-Agent: ${userAgent}`);
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  if (allow204) lines.push("Allow: 204");
  if (previewBytes !== undefined) lines.push(`Preview: ${previewBytes}`);
  lines.push(`Encapsulated: ${sections(method, heads)}`, "", "");
  return lines.join("\r\n") + (heads.requestHead ?? "") + (heads.responseHead ?? "");
}

function sections(
  method: Method,
  { requestHead = "", responseHead = "", hasBody }: EncapsulatedHeads,
): string {
  const parts: string[] = [];
  const requestBytes = Buffer.byteLength(requestHead, "latin1");
  const bodyOffset = requestBytes + Buffer.byteLength(responseHead, "latin1");
  if (requestHead !== "") parts.push("req-hdr=0");
  if (responseHead !== "") parts.push(`res-hdr=${requestBytes}`);
  const body = method === Method.Reqmod ? "req-body" : "res-body";
  parts.push(`${hasBody ? body : "null-body"}=${bodyOffset}`);
  return parts.join(", ");
}
