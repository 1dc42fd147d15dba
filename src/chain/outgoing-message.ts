import { create as contentDisposition } from "content-disposition";
import type { HttpMessage } from "../client/index.ts";
import { type Entity, readContent } from "../entity/index.ts";
import type { ClientIdentity, ScanContext } from "../scanning/index.ts";

export type AdaptationMethod = "REQMOD" | "RESPMOD";

/** What the other server may learn beside the entity, its name and its declared type. */
export type SharedFact = "Url" | "Identity";

export interface OutgoingMessage {
  readonly method: AdaptationMethod;
  /** Of the request line; an answer with another one has another request in place of this. */
  readonly target: string;
  readonly heads: Required<Pick<HttpMessage, "requestHead" | "fields">> &
    Pick<HttpMessage, "responseHead">;
}

/** RFC 2606 §2: a name that no host has, for entities whose URL the other server is not told. */
const NO_URL = "http://unnamed.invalid/";
const MAX_URL_LENGTH = 8192;
const MAX_NAME_LENGTH = 255;
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

/**
 * The HTTP message that carries an entity to the other server. It is made anew: the other server
 * sees no header of the original. The status is always 200, for some servers look into nothing else.
 */
export function outgoingMessage(
  method: AdaptationMethod,
  { entity, context }: { readonly entity: Entity; readonly context: ScanContext },
  shares: readonly SharedFact[],
): OutgoingMessage {
  const target = (shares.includes("Url") ? targetOf(context.url) : undefined) ?? NO_URL;
  const fields = shares.includes("Identity") ? identityFields(context.identity) : [];
  const request = `Host: ${new URL(target).host}\r\n`;
  const entityFields = entityLines(entity);
  if (method === "RESPMOD") {
    return {
      method,
      target,
      heads: {
        requestHead: `GET ${target} HTTP/1.1\r\n${request}\r\n`,
        responseHead: `HTTP/1.1 200 OK\r\n${entityFields}\r\n`,
        fields,
      },
    };
  }
  const { httpMethod = "" } = context;
  const verb = WITH_BODY.has(httpMethod) ? httpMethod : "POST";
  const requestHead = `${verb} ${target} HTTP/1.1\r\n${request}${entityFields}\r\n`;
  return { method, target, heads: { requestHead, fields } };
}

/** The bytes of an entity from their beginning; undefined where there are none. */
export function bodyOf({ content, size }: Entity): AsyncIterable<Buffer> | undefined {
  return size === 0 ? undefined : readContent(content);
}

function entityLines({ declaredType, fileName, size }: Entity): string {
  const lines = [
    `Content-Type: ${visible(declaredType ?? "application/octet-stream")}\r\n`,
    `Content-Length: ${size}\r\n`,
  ];
  if (fileName !== undefined && fileName !== "") {
    const name = fileName.slice(0, MAX_NAME_LENGTH).toWellFormed();
    lines.push(`Content-Disposition: ${contentDisposition(name)}\r\n`);
  }
  return lines.join("");
}

/** Without user and password; undefined when it is none that an HTTP proxy would see. */
function targetOf(url: string | undefined): string | undefined {
  if (url === undefined || url.length > MAX_URL_LENGTH) return undefined;
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return undefined;
  parsed.username = "";
  parsed.password = "";
  parsed.hash = "";
  // The parser has percent-encoded what is not ASCII, and dropped line ends.
  return parsed.href;
}

// Draft-stecher-icap-subid-00 §3.1, §3.4.
function identityFields(identity: ClientIdentity | undefined): string[] {
  const { address, user, groups = [] } = identity ?? {};
  const fields: string[] = [];
  if (address !== undefined) fields.push("X-Client-IP", visible(address));
  if (user !== undefined) fields.push("X-Authenticated-User", base64(`Local://${user}`));
  if (groups.length > 0) {
    const list = groups.map((group) => `Local://${group}`).join(",");
    fields.push("X-Authenticated-Groups", base64(list));
  }
  return fields;
}

const base64 = (text: string): string => Buffer.from(text.toWellFormed()).toString("base64");

/** Visible ASCII as it is, the rest percent-encoded: no value can end a line. */
function visible(value: string): string {
  return value.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}
