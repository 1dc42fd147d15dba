import {
  fieldValue,
  type HeadBytes,
  type IcapRequest,
  ParserState,
  RequestParser,
  type RequestParserOptions,
} from "../../src/protocol/index.ts";
import { visible } from "./visible-bytes.ts";

/** What the server does when a preview is complete. */
export const AtPreview = {
  /** Asks for the rest: `100 Continue`. */
  Continue: "continue",
  /** Answers: what comes next is another request. */
  Answer: "answer",
  /** Nothing, as long as the test lasts. */
  Hold: "hold",
} as const;
export type AtPreview = (typeof AtPreview)[keyof typeof AtPreview];

export interface ReplayOptions {
  readonly parser?: RequestParserOptions;
  readonly atPreview?: AtPreview;
}

/** Of the next read, so many bytes stand behind each. */
const BYTES_BEHIND = 8;
/** More than any step of the parser needs: an error and the swallowing of what follows. */
const MAX_FEEDS_WITHOUT_PROGRESS = 2;

/**
 * Feeds the pieces, one read each, to a `RequestParser` and returns what it told, one line an event,
 * neighbouring pieces of a body joined. Reads share one buffer that is overwritten before each, as the
 * sockets' is: whoever keeps a view shows garbage. Behind each read lies what comes next, so that
 * whoever looks beyond its end sees it too early.
 *
 * @throws when the parser neither takes a byte nor waits
 */
export function requestEvents(
  pieces: readonly Buffer[],
  options: ReplayOptions = {},
): readonly string[] {
  const log = new EventLog();
  const parser = new RequestParser(log, options.parser);
  const longest = Math.max(...pieces.map((piece) => piece.length));
  const read = Buffer.alloc(1 + longest + BYTES_BEHIND);
  for (const [index, piece] of pieces.entries()) {
    read.fill("#");
    piece.copy(read, 1);
    pieces[index + 1]?.copy(read, 1 + piece.length);
    if (!takeRead(parser, read, 1 + piece.length, options.atPreview ?? AtPreview.Continue)) break;
  }
  const { state } = parser;
  if (state !== ParserState.Start && state !== ParserState.Closed) log.add(`waits in ${state}`);
  return log.lines;
}

/** Whether the connection can go on: false where the parser is to stay held. */
function takeRead(parser: RequestParser, read: Buffer, end: number, atPreview: AtPreview): boolean {
  let position = 1;
  let idleFeeds = 0;
  while (position < end) {
    const next = parser.feed(read, position, end);
    idleFeeds = next === position && parser.state !== ParserState.Held ? idleFeeds + 1 : 0;
    if (idleFeeds > MAX_FEEDS_WITHOUT_PROGRESS) throw new Error(`no progress in ${parser.state}`);
    position = next;
    if (parser.state === ParserState.Held && !passPreview(parser, atPreview)) return false;
  }
  return true;
}

function passPreview(parser: RequestParser, atPreview: AtPreview): boolean {
  if (atPreview === AtPreview.Continue) parser.continueBody();
  else if (atPreview === AtPreview.Answer) parser.endMessage();
  return atPreview !== AtPreview.Hold;
}

class EventLog {
  readonly lines: string[] = [];
  #body: string | undefined;

  add(line: string): void {
    if (this.#body !== undefined) this.lines.push(`body "${visible(this.#body)}"`);
    this.#body = undefined;
    this.lines.push(line);
  }

  onRequest(request: IcapRequest, heads: HeadBytes): void {
    this.add(requestLine(request));
    for (let i = 0; i < request.fields.length; i += 2) {
      const name = request.fields[i] as string;
      if (/^x-/i.test(name))
        this.add(`field ${name} "${visible(request.fields[i + 1] as string)}"`);
    }
    const { bytes, start, middle, end } = heads;
    if (middle > start) this.add(`req-hdr "${visible(bytes.toString("latin1", start, middle))}"`);
    if (end > middle) this.add(`res-hdr "${visible(bytes.toString("latin1", middle, end))}"`);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (end <= start) throw new Error("a piece of body without bytes");
    this.#body = (this.#body ?? "") + bytes.toString("latin1", start, end);
  }

  onPreviewEnd(): void {
    this.add("preview-end");
  }

  onEnd(): void {
    this.add("end");
  }

  onError({ code, status, closes }: { code: string; status: number; closes: boolean }): void {
    this.add(`error ${code} ${status} ${closes ? "closes" : "stays"}`);
  }
}

function requestLine(request: IcapRequest): string {
  const { method, uri, encapsulated, previewBytes, allows204, allows206, closes } = request;
  const words = [
    `request ${method} ${uri.path}${uri.query === "" ? "" : ` ?${uri.query}`}`,
    encapsulated.body,
    ...(previewBytes >= 0 ? [`preview=${previewBytes}`] : []),
    ...(allows204 ? ["allows-204"] : []),
    ...(allows206 ? ["allows-206"] : []),
    ...(closes ? ["closes"] : []),
    ...(fieldValue(request.fields, "host") === undefined ? ["no-host"] : []),
  ];
  return words.join(" ");
}
