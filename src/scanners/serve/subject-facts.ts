import type { IncomingHttpHeaders } from "node:http";
import { fileNameOfDisposition } from "../../entity/index.ts";
import type { ClientIdentity } from "../../scanning/index.ts";
import { optional } from "./request-field.ts";
import type { SubjectFacts } from "./scan-engine.ts";

const MAX_URL_LENGTH = 8192;
const MAX_GROUPS = 1000;

/**
 * What the fields of a request say of the transaction. A field of scan/v1 that is not of its form is
 * refused with 400: a fact that is wrong is worse than none. What the origin said of the entity
 * (`Content-Type`, `Content-Disposition`) is taken as far as it can be read.
 */
export function subjectFacts(headers: IncomingHttpHeaders): SubjectFacts {
  const { "content-disposition": disposition, "content-type": contentType } = headers;
  const field = optional(headers);
  return {
    fileName: disposition === undefined ? undefined : fileNameOfDisposition(disposition),
    declaredType: contentType === undefined ? undefined : declaredType(contentType),
    detectedType: field("scan-detected-type", mediaType),
    url: field("scan-url", (text) => word(text, MAX_URL_LENGTH)),
    host: field("scan-host", (text) => word(text, 255)?.toLowerCase()),
    httpMethod: field("scan-method", (text) => word(text, 64)),
    httpStatus: field("scan-http-status", httpStatus),
    direction: field("scan-direction", direction),
    service: field("scan-service", (text) => word(text, 255)),
    policy: field("scan-policy", plainOrExtended),
    identity: identityOf(headers),
  };
}

function identityOf(headers: IncomingHttpHeaders): ClientIdentity | undefined {
  const field = optional(headers);
  const address = field("scan-client-ip", (text) => word(text, 64));
  const user = field("scan-user", plainOrExtended);
  const groups = field("scan-groups", groupList);
  if (address === undefined && user === undefined && groups === undefined) return undefined;
  return {
    ...(address !== undefined && { address }),
    ...(user !== undefined && { user }),
    ...(groups !== undefined && { groups }),
  };
}

/** Lower case, without parameters. */
function declaredType(value: string): string | undefined {
  return mediaType((value.split(";", 1)[0] as string).trim());
}

function mediaType(text: string): string | undefined {
  return /^[!#$%&'*+.^_`|~\w-]{1,127}\/[!#$%&'*+.^_`|~\w-]{1,127}$/.test(text)
    ? text.toLowerCase()
    : undefined;
}

function word(text: string, maxLength: number): string | undefined {
  return text.length <= maxLength && /^[\x21-\x7e]+$/.test(text) ? text : undefined;
}

function httpStatus(text: string): number | undefined {
  return /^[1-9]\d\d$/.test(text) ? Number(text) : undefined;
}

function direction(text: string): SubjectFacts["direction"] {
  return text === "reqmod" || text === "respmod" ? text : undefined;
}

function groupList(text: string): string[] | undefined {
  const groups = text.split(",").map((one) => plainOrExtended(one.trim()));
  return groups.length <= MAX_GROUPS && groups.every((group) => group !== undefined)
    ? groups
    : undefined;
}

/** A comma would also be what Node makes of a field that is there twice. */
const PLAIN = /^[\x20\x21\x23-\x2b\x2d-\x7e]+$/;

/** Visible ASCII without quotes and commas as it stands, or an `ext-value` in UTF-8 (RFC 8187 §3.2). */
function plainOrExtended(text: string): string | undefined {
  if (!PLAIN.test(text)) return undefined;
  const encoded = /^utf-8'[\w-]*'(?<value>.*)$/i.exec(text)?.groups?.["value"];
  if (encoded === undefined) return text;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
