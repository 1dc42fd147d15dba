import type { Dispatcher } from "undici";
import type { Replacement } from "../verdict.ts";
import { type ContentKeeper, keepContent } from "./replaced-content.ts";
import type { Unreadable } from "./verdict-document.ts";

/** An HTTP answer, read whole and within limits. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The JSON text of an answer that must have one; a text that says why there is none otherwise. */
  readonly json: string | Unreadable;
  /** New content in place of the entity; whoever takes the reply disposes of it. */
  readonly content?: Replacement;
  /** `json` came behind that content. */
  readonly inTrailer?: boolean;
  /** The request asked about a beginning: the scanner may want to see the rest. */
  readonly mayContinue?: boolean;
}

/** What an answer may be beside a verdict document. */
export interface ReplyOptions {
  /** Where replaced content is kept; left out: none is taken. */
  readonly keeper?: ContentKeeper | undefined;
  readonly mayContinue?: boolean | undefined;
}

const MAX_JSON_BYTES = 1024 * 1024;
/** What is read of an answer without a use, to keep its connection. */
const MAX_UNUSED_BYTES = 64 * 1024;
/** 8 KiB as base64url. */
const MAX_RESULT_LENGTH = 10_923;

/** Rejects when the answer ends before its time. */
export async function readReply(
  response: Dispatcher.ResponseData,
  { keeper, mayContinue = false }: ReplyOptions,
): Promise<Reply> {
  const { statusCode: status, headers } = response;
  const reply = { status, headers, mayContinue };
  if (keeper !== undefined && status === 200 && headers["scan-verdict"] === "modified") {
    return { ...reply, ...(await modifiedOf(response, keeper)) };
  }
  return { ...reply, json: await jsonOf(response) };
}

async function jsonOf(response: Dispatcher.ResponseData): Promise<Reply["json"]> {
  const { statusCode, headers, body } = response;
  const why = statusCode === 200 ? unlikeJson(headers) : "not read";
  if (why !== undefined) {
    await body.dump({ limit: MAX_UNUSED_BYTES });
    return { unreadable: why };
  }
  // Its own length bounds it: no need to count, piece by piece.
  if (Number(headers["content-length"]) <= MAX_JSON_BYTES) return await body.text();
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    // Leaving the loop ends the connection.
    if (bytes > MAX_JSON_BYTES) return { unreadable: `the answer is over ${MAX_JSON_BYTES} bytes` };
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes).toString("utf8");
}

function unlikeJson(headers: Dispatcher.ResponseData["headers"]): string | undefined {
  const type = String(headers["content-type"] ?? "none").split(";", 1)[0] as string;
  if (type.trim().toLowerCase() !== "application/json") {
    return "the answer is not application/json";
  }
  return codingOf(headers);
}

function codingOf(headers: Dispatcher.ResponseData["headers"]): string | undefined {
  return headers["content-encoding"] === undefined ? undefined : "the answer has a content coding";
}

/** The content is the body; the document comes in `Scan-Result`, behind the body or before it: the last counts. */
async function modifiedOf(
  response: Dispatcher.ResponseData,
  keeper: ContentKeeper,
): Promise<Pick<Reply, "json" | "content" | "inTrailer">> {
  const { headers, body } = response;
  const why = codingOf(headers);
  if (why !== undefined) {
    await body.dump({ limit: MAX_UNUSED_BYTES });
    return { json: { unreadable: why } };
  }
  const content = await keepContent(body, keeper, mediaTypeOf(headers));
  if ("unreadable" in content) return { json: content };
  // Known only now.
  const trailer = response.trailers["scan-result"];
  const inTrailer = trailer !== undefined;
  return { json: resultOf(trailer ?? headers["scan-result"]), content, inTrailer };
}

function resultOf(value: string | string[] | undefined): Reply["json"] {
  if (value === undefined) return { unreadable: "replaced content came without Scan-Result" };
  if (typeof value !== "string" || value.length > MAX_RESULT_LENGTH) {
    return { unreadable: "Scan-Result is more than one, or over 8 KiB" };
  }
  return Buffer.from(value.trim(), "base64url").toString("utf8");
}

/** As a value that can stand in a head; what else a scanner says of its content is nothing. */
function mediaTypeOf(headers: Dispatcher.ResponseData["headers"]): string | undefined {
  const type = headers["content-type"];
  return typeof type === "string" && /^[!-~]+\/[ -~]{1,255}$/.test(type) ? type : undefined;
}
