import { Readable } from "node:stream";
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

type Headers = Reply["headers"];
type Controller = Dispatcher.DispatchController;

const MAX_JSON_BYTES = 1024 * 1024;
/** What is read of an answer without a use, to keep its connection. */
const MAX_UNUSED_BYTES = 64 * 1024;
/** 8 KiB as base64url. */
const MAX_RESULT_LENGTH = 10_923;

/** Makes texts of answers; a byte order mark is no part of them. */
const utf8 = new TextDecoder();

/**
 * Reads one answer, as undici hands it over: a verdict document in one piece needs no stream of its own.
 * Only content in place of the entity is one, since the spool sets its pace.
 */
export class ReplyReader implements Dispatcher.DispatchHandler {
  /** Rejects when no answer comes, when it ends before its time, and when the signal says so. */
  readonly reply: Promise<Reply>;
  readonly #options: ReplyOptions;
  readonly #signal: AbortSignal;
  #resolve!: (reply: Reply) => void;
  #reject!: (error: unknown) => void;
  #controller: Controller | undefined;
  #status = 0;
  #headers: Headers = {};
  #trailers: Headers = {};
  /** Why the answer is not read; undefined while it is. */
  #unused: string | undefined;
  #content: Readable | undefined;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(options: ReplyOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#signal.aborted) this.#abort();
    else this.#signal.addEventListener("abort", this.#abort, { once: true });
  }

  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    // 103 and the like; the answer is still to come.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const { keeper } = this.#options;
    const isContent = status === 200 && headers["scan-verdict"] === "modified";
    if (keeper === undefined || !isContent) {
      this.#unused = status === 200 ? unlikeJson(headers) : "not read";
      if (Number(headers["content-length"]) > this.#limit) this.#leave(controller);
    } else {
      this.#unused = codingOf(headers) ?? endlessness(headers);
      if (this.#unused === undefined) this.#keepContent(controller, keeper);
    }
  }

  onResponseData(controller: Controller, piece: Buffer): void {
    if (this.#content !== undefined) {
      if (!this.#content.push(piece)) controller.pause();
      return;
    }
    this.#bytes += piece.length;
    if (this.#bytes > this.#limit) this.#leave(controller);
    else if (this.#unused === undefined) this.#pieces.push(piece);
  }

  onResponseEnd(_controller: Controller, trailers: Headers): void {
    this.#signal.removeEventListener("abort", this.#abort);
    this.#trailers = trailers;
    if (this.#content === undefined) this.#end(this.#text());
    else this.#content.push(null);
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#signal.removeEventListener("abort", this.#abort);
    if (this.#content === undefined) this.#reject(error);
    else this.#content.destroy(error);
  }

  readonly #abort = (): void => this.#controller?.abort(this.#signal.reason);

  get #limit(): number {
    return this.#unused === undefined ? MAX_JSON_BYTES : MAX_UNUSED_BYTES;
  }

  /** The answer is too long: what is known of it counts, and its connection ends. */
  #leave(controller: Controller): void {
    this.#end({
      unreadable: this.#unused ?? `the answer is over ${MAX_JSON_BYTES} bytes`,
    });
    controller.abort(TOO_LONG);
  }

  #text(): Reply["json"] {
    if (this.#unused !== undefined) return { unreadable: this.#unused };
    const [first = NO_BYTES] = this.#pieces;
    return utf8.decode(this.#pieces.length > 1 ? Buffer.concat(this.#pieces) : first);
  }

  #end(json: Reply["json"], more?: Pick<Reply, "content" | "inTrailer">): void {
    const { mayContinue = false } = this.#options;
    this.#resolve({ status: this.#status, headers: this.#headers, mayContinue, json, ...more });
  }

  #keepContent(controller: Controller, keeper: ContentKeeper): void {
    const content = new Readable({
      read: () => controller.resume(),
      destroy(error, done) {
        // Whoever leaves before the end wants no more of it.
        if (!this.readableEnded) controller.abort(error ?? TOO_LONG);
        done(error);
      },
    });
    this.#content = content;
    void this.#kept(content, keeper).catch(this.#reject);
  }

  /** The content is the body; the document comes in `Scan-Result`, behind the body or before it: the last counts. */
  async #kept(stream: Readable, keeper: ContentKeeper): Promise<void> {
    const headers = this.#headers;
    const content = await keepContent(stream, keeper, mediaTypeOf(headers));
    if ("unreadable" in content) return this.#end(content);
    // Known only now.
    const trailer = this.#trailers["scan-result"];
    const inTrailer = trailer !== undefined;
    const why =
      missingTrailer(headers, this.#trailers) ?? digestProblem(content, [headers, this.#trailers]);
    if (why !== undefined) return this.#end({ unreadable: why }, { content });
    this.#end(resultOf(trailer ?? headers["scan-result"]), { content, inTrailer });
  }
}

const NO_BYTES = Buffer.alloc(0);
/** Made once: nobody sees it, and a trace of the stack costs more than the rest. */
const TOO_LONG = new Error("the answer is not read to its end");

function unlikeJson(headers: Headers): string | undefined {
  const type = String(headers["content-type"] ?? "none").split(";", 1)[0] as string;
  if (type.trim().toLowerCase() !== "application/json") {
    return "the answer is not application/json";
  }
  return codingOf(headers);
}

function codingOf(headers: Headers): string | undefined {
  return headers["content-encoding"] === undefined ? undefined : "the answer has a content coding";
}

/** Content that ends with its connection: a lost one would make it look whole (RFC 9112 §8). */
function endlessness(headers: Headers): string | undefined {
  const isFramed = headers["content-length"] ?? headers["transfer-encoding"];
  return isFramed === undefined ? "nothing but its connection ends the new content" : undefined;
}

/** What was to be the last word; an intermediary may have dropped it. */
const LAST_WORDS = ["scan-result", "content-digest", "repr-digest"] as const;

function missingTrailer({ trailer }: Headers, trailers: Headers): string | undefined {
  if (trailer === undefined) return undefined;
  const promised = new Set(
    String(trailer)
      .toLowerCase()
      .split(/[\s,]+/),
  );
  const missing = LAST_WORDS.find((name) => promised.has(name) && trailers[name] === undefined);
  return missing && `the trailer ${missing} is missing`;
}

/** RFC 9530: a scanner that says of which bytes it speaks is held to it. */
function digestProblem({ body }: Replacement, fields: readonly Headers[]): string | undefined {
  const told = fields.flatMap((one) => [one["content-digest"], one["repr-digest"]]).join(",");
  const digests = told.split(",").map((member) => member.split(";", 1)[0]?.trim() ?? "");
  const expected = `sha-256=:${Buffer.from(body.sha256, "hex").toString("base64")}:`;
  return digests.every((one) => !one.startsWith("sha-256=") || one === expected)
    ? undefined
    : "the new content is not the one that its digest is of";
}

function resultOf(value: string | readonly string[] | undefined): Reply["json"] {
  if (value === undefined) return { unreadable: "replaced content came without Scan-Result" };
  if (typeof value !== "string" || value.length > MAX_RESULT_LENGTH) {
    return { unreadable: "Scan-Result is more than one, or over 8 KiB" };
  }
  return Buffer.from(value.trim(), "base64url").toString("utf8");
}

/** As a value that can stand in a head; what else a scanner says of its content is nothing. */
function mediaTypeOf(headers: Headers): string | undefined {
  const type = headers["content-type"];
  return typeof type === "string" && /^[!-~]+\/[ -~]{1,255}$/.test(type) ? type : undefined;
}
