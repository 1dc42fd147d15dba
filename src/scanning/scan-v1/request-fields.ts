import { create as contentDisposition } from "content-disposition";
import type { Entity } from "../../entity/index.ts";
import type { Beginning, ClientIdentity, ScanContext } from "../scanner.ts";
import { traceparentOf } from "./trace-context.ts";

const MAX_URL_LENGTH = 8192;
const MAX_NAME_LENGTH = 255;

const ACCEPT_CONTENT = "application/json, application/octet-stream;q=0.9";

export type RequestFields = Record<string, string>;

export interface RequestSubject {
  readonly entity: Entity;
  readonly context: ScanContext;
  /** The bytes go with the request, rather than their hash alone. */
  readonly sendsContent: boolean;
  /** The answer may be content in place of the entity. */
  readonly takesContent?: boolean;
  /** What is left of the time; undefined when nobody limits it. */
  readonly leftMs: number | undefined;
}

/**
 * The fields of `POST /v1/scan` that speak of the entity and its transaction. Whatever the outside
 * world put into them is encoded: no value can end a line.
 */
export function requestFields({
  entity,
  context,
  sendsContent,
  takesContent = false,
  leftMs,
}: RequestSubject): RequestFields {
  return {
    ...acceptField(takesContent),
    "content-length": String(sendsContent ? entity.size : 0),
    // RFC 9530: of the content when there is one, else of what it would be.
    [sendsContent ? "content-digest" : "repr-digest"]: `sha-256=:${base64OfHex(entity.sha256)}:`,
    "scan-stage": "full",
    "scan-total-length": String(entity.size),
    ...commonFields(entity, context),
    ...(leftMs !== undefined && deadlineFields(leftMs, context.jobAtOnce === true ? 0 : leftMs)),
  };
}

/** Those of an entity that is still arriving: neither its length nor its hash is known. */
export function arrivingFields(
  arriving: EntityFacts,
  context: ScanContext,
  leftMs: number | undefined,
): RequestFields {
  return {
    ...acceptField(false),
    "scan-stage": "full",
    "scan-total-length": "unknown",
    ...commonFields(arriving, context),
    // No Prefer: nobody could wait longer than the entity takes to arrive.
    ...(leftMs !== undefined && { [DEADLINE]: deadlineFields(leftMs)[DEADLINE] as string }),
  };
}

/** Those of a question about the beginning of an entity. */
export function beginningFields(
  beginning: Beginning,
  context: ScanContext,
  leftMs: number | undefined,
): RequestFields {
  const { stage, bytes, totalBytes } = beginning;
  return {
    ...acceptField(false),
    "content-length": String(bytes.length),
    "scan-stage": stage,
    "scan-total-length": String(totalBytes ?? "unknown"),
    ...commonFields(beginning, context),
    // No Prefer: what takes its time is for the whole entity.
    ...(leftMs !== undefined && { [DEADLINE]: deadlineFields(leftMs)[DEADLINE] as string }),
  };
}

const DEADLINE = "scan-deadline-ms";

type EntityFacts = Pick<Entity, "fileName" | "declaredType" | "detectedType">;

function commonFields(entity: EntityFacts, context: ScanContext): RequestFields {
  const fields: RequestFields = {
    "content-type": fieldText(entity.declaredType ?? "application/octet-stream"),
    "scan-id": fieldText(context.transactionId),
    "scan-service": fieldText(context.service),
    "scan-direction": context.direction,
  };
  addKnown(fields, entity);
  addTransaction(fields, context);
  if (context.identity !== undefined) addIdentity(fields, context.identity);
  return fields;
}

/** What an answer may be. */
export function acceptField(takesContent: boolean): RequestFields {
  return { accept: takesContent ? ACCEPT_CONTENT : "application/json" };
}

/**
 * How long the scanner has: relative, for clocks differ. RFC 7240 lets it answer 202 and be polled: after
 * `waitMs`, before which it need not bother.
 */
export function deadlineFields(leftMs: number, waitMs: number = leftMs): RequestFields {
  return {
    prefer: `respond-async, wait=${Math.max(0, Math.floor(waitMs / 1000))}`,
    [DEADLINE]: String(Math.max(1, Math.floor(leftMs))),
  };
}

function addKnown(fields: RequestFields, entity: EntityFacts): void {
  const { fileName, detectedType } = entity;
  if (fileName !== undefined && fileName !== "") {
    fields["content-disposition"] = contentDisposition(
      fileName.slice(0, MAX_NAME_LENGTH).toWellFormed(),
    );
  }
  if (detectedType !== undefined) fields["scan-detected-type"] = fieldText(detectedType);
}

function addTransaction(fields: RequestFields, context: ScanContext): void {
  const { url, host, httpMethod, httpStatus, policy, tracestate } = context;
  if (url !== undefined && url.length <= MAX_URL_LENGTH) fields["scan-url"] = fieldText(url);
  if (host !== undefined) fields["scan-host"] = fieldText(host);
  if (httpMethod !== undefined) fields["scan-method"] = fieldText(httpMethod);
  if (httpStatus !== undefined) fields["scan-http-status"] = String(httpStatus);
  if (policy !== undefined) fields["scan-policy"] = plainOrExtended(policy);
  fields["traceparent"] = traceparentOf(context);
  if (tracestate !== undefined) fields["tracestate"] = tracestate.replace(/[^\x20-\x7e]+/g, "");
}

/** Only what the service shares; all of a user's groups or the scanner could decide amiss. */
function addIdentity(fields: RequestFields, { address, user, groups }: ClientIdentity): void {
  if (address !== undefined) fields["scan-client-ip"] = fieldText(address);
  if (user !== undefined) fields["scan-user"] = plainOrExtended(user);
  if (groups !== undefined && groups.length > 0) {
    fields["scan-groups"] = groups.map(plainOrExtended).join(", ");
  }
}

/** Visible ASCII as it is, the rest percent-encoded as UTF-8. */
function fieldText(value: string): string {
  return value.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

// What would be read as the other form, and what ends a member of a list, is no plain text.
const PLAIN =
  /^(?![Uu][Tt][Ff]-8')[\x21\x23-\x2b\x2d-\x7e](?:[\x20\x21\x23-\x2b\x2d-\x7e]*[\x21\x23-\x2b\x2d-\x7e])?$/;
/** `encodeURIComponent` leaves four characters that RFC 8187 §3.2.1 does not have. */
const UNENCODED = /[()'*]/g;

/** Visible ASCII without quotes and commas as it is, all else as an `ext-value` of RFC 8187. */
function plainOrExtended(value: string): string {
  if (PLAIN.test(value)) return value;
  const encoded = encodeURIComponent(value.toWellFormed());
  return `UTF-8''${encoded.replace(UNENCODED, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)}`;
}

function base64OfHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
