import { Readable } from "node:stream";
import { type Entity, type EntityContent, readContent } from "../../entity/index.ts";
import type { ArrivingEntity } from "../early-scans.ts";
import type { Beginning, ScanContext } from "../scanner.ts";
import type { HttpRequest } from "./connection.ts";
import type { ContentKeeper } from "./replaced-content.ts";
import { arrivingFields, beginningFields, requestFields } from "./request-fields.ts";

export interface ScanRequestOptions {
  /** The bytes go with the request, rather than their hash alone. */
  readonly sendsContent: boolean;
  /** Where replaced content may be kept. */
  readonly keeper: ContentKeeper | undefined;
}

/** `POST /v1/scan` about a whole entity. */
export function scanRequest(
  entity: Entity,
  context: ScanContext,
  { sendsContent, keeper }: ScanRequestOptions,
): HttpRequest {
  const { signal } = context;
  const leftMs = leftMsOf(context);
  const taken = context.takesReplacement === true ? keeper : undefined;
  const takesContent = taken !== undefined;
  return {
    method: "POST",
    path: "",
    headers: requestFields({ entity, context, sendsContent, takesContent, leftMs }),
    body: sendsContent && entity.size > 0 ? bodyOf(entity.content) : undefined,
    keeper: taken,
    signal,
  };
}

/** `POST /v1/scan` with bytes that are still arriving. */
export function arrivingRequest(arriving: ArrivingEntity, context: ScanContext): HttpRequest {
  return {
    method: "POST",
    path: "",
    headers: arrivingFields(arriving, context, leftMsOf(context)),
    body: Readable.from(arriving.read(), { objectMode: false }),
    signal: context.signal,
  };
}

/** `POST /v1/scan` about the beginning of one. */
export function beginningRequest(beginning: Beginning, context: ScanContext): HttpRequest {
  return {
    method: "POST",
    path: "",
    headers: beginningFields(beginning, context, leftMsOf(context)),
    body: beginning.bytes.length > 0 ? beginning.bytes : undefined,
    mayContinue: true,
    signal: context.signal,
  };
}

function leftMsOf({ deadlineAt }: ScanContext): number | undefined {
  return deadlineAt === undefined ? undefined : deadlineAt - performance.now();
}

/** Memory goes out as one buffer, a file piece by piece as the connection takes it. */
function bodyOf(content: EntityContent): Buffer | Readable {
  return content.kind === "memory"
    ? content.data
    : Readable.from(readContent(content), { objectMode: false });
}
