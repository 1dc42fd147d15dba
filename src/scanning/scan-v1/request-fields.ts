import { create as contentDisposition } from "content-disposition";
import type { Entity } from "../../entity/index.ts";
import type { ScanContext } from "../scanner.ts";

const MAX_URL_LENGTH = 8192;
const MAX_NAME_LENGTH = 255;

export type RequestFields = Record<string, string>;

export interface RequestSubject {
  readonly entity: Entity;
  readonly context: ScanContext;
  /** The bytes go with the request, rather than their hash alone. */
  readonly sendsContent: boolean;
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
  leftMs,
}: RequestSubject): RequestFields {
  const fields: RequestFields = {
    accept: "application/json",
    "content-type": fieldText(entity.declaredType ?? "application/octet-stream"),
    "content-length": String(sendsContent ? entity.size : 0),
    // RFC 9530: of the content when there is one, else of what it would be.
    [sendsContent ? "content-digest" : "repr-digest"]: `sha-256=:${base64OfHex(entity.sha256)}:`,
    "scan-id": fieldText(context.transactionId),
    "scan-service": fieldText(context.service),
    "scan-direction": context.direction,
    "scan-stage": "full",
    "scan-total-length": String(entity.size),
  };
  addKnown(fields, entity, context);
  if (leftMs !== undefined) Object.assign(fields, deadlineFields(leftMs));
  return fields;
}

/** How long the scanner has: relative, for clocks differ. RFC 7240 lets it answer 202 and be polled. */
export function deadlineFields(leftMs: number): RequestFields {
  return {
    prefer: `respond-async, wait=${Math.max(0, Math.floor(leftMs / 1000))}`,
    "scan-deadline-ms": String(Math.max(1, Math.floor(leftMs))),
  };
}

function addKnown(fields: RequestFields, entity: Entity, context: ScanContext): void {
  const { fileName, detectedType } = entity;
  if (fileName !== undefined && fileName !== "") {
    fields["content-disposition"] = contentDisposition(
      fileName.slice(0, MAX_NAME_LENGTH).toWellFormed(),
    );
  }
  if (detectedType !== undefined) fields["scan-detected-type"] = fieldText(detectedType);
  if (context.url !== undefined && context.url.length <= MAX_URL_LENGTH) {
    fields["scan-url"] = fieldText(context.url);
  }
  if (context.traceparent !== undefined) fields["traceparent"] = fieldText(context.traceparent);
}

/** Visible ASCII as it is, the rest percent-encoded as UTF-8. */
function fieldText(value: string): string {
  return value.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

function base64OfHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
