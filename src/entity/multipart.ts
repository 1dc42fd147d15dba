import { ContentWindow } from "./content-window.ts";
import type { EntityContent } from "./entity.ts";
import { type PartHeaders, parsePartHeaders } from "./part-headers.ts";
import { ProblemReason } from "./problem.ts";
import { type Region, RegionDigest } from "./region-digest.ts";

export interface MultipartLimits {
  readonly maxParts: number;
  /** Bytes of the headers of one part. */
  readonly maxPartHeaderBytes: number;
}

export interface Part extends Region {
  readonly headers: PartHeaders;
}

export interface SplitMultipart {
  readonly parts: readonly Part[];
  /** What stands before the first part and after the last, when it is more than blank. */
  readonly around: readonly Region[];
  /** Set when the content isn't what its type says, or passes a limit; `parts` came before that. */
  readonly problem: ProblemReason | undefined;
}

export interface SplitRun {
  readonly limits: MultipartLimits;
  readonly signal: AbortSignal;
  /** Size of the view over a file; for tests. */
  readonly windowBytes?: number;
}

/** RFC 2046 §5.1.1, but any printable ASCII: .NET and others use more than `bchars`. */
const BOUNDARY = /^[ -~]{0,69}[!-~]$/;
const WINDOW_BYTES = 128 * 1024;
const MAX_PADDING_BYTES = 256;
const LOOK_AHEAD_BYTES = 2 * MAX_PADDING_BYTES;
const CRLF = Buffer.from("\r\n");
const EMPTY_LINE = Buffer.from("\r\n\r\n");

/** What stands behind a boundary: another part, nothing more, neither of the two, or it never came. */
type Delimiter = "part" | "close" | "invalid" | "missing";

/**
 * Splits a multipart content (RFC 2046 §5.1, RFC 7578) into ranges of it, in one pass and in bounded
 * memory; every part is hashed on the way. It is strict: what two readers could split differently
 * is a problem, and then the caller scans the whole content as well.
 *
 * Rejects only when the content cannot be read or the signal is aborted.
 */
export async function splitMultipart(
  content: EntityContent,
  boundary: string | undefined,
  run: SplitRun,
): Promise<SplitMultipart> {
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    return { parts: [], around: [], problem: ProblemReason.MalformedMultipart };
  }
  // The view has to hold the largest header block and what stands around it.
  const leastBytes = run.limits.maxPartHeaderBytes + LOOK_AHEAD_BYTES;
  const windowBytes = Math.max(run.windowBytes ?? WINDOW_BYTES, leastBytes);
  const window = await ContentWindow.open(content, windowBytes);
  try {
    return await new MultipartSplitter(window, boundary, run).split();
  } finally {
    await window.close();
  }
}

class MultipartSplitter {
  readonly #window: ContentWindow;
  readonly #run: SplitRun;
  /** CRLF belongs to the boundary, not to the part before it. */
  readonly #boundary: Buffer;
  readonly #parts: Part[] = [];
  readonly #around: Region[] = [];
  /** Position in the content of what is read next. */
  #at = 0;

  constructor(window: ContentWindow, boundary: string, run: SplitRun) {
    this.#window = window;
    this.#run = run;
    this.#boundary = Buffer.from(`\r\n--${boundary}`, "latin1");
  }

  async split(): Promise<SplitMultipart> {
    const problem = await this.#splitParts();
    return { parts: this.#parts, around: this.#around, problem };
  }

  async #splitParts(): Promise<ProblemReason | undefined> {
    let delimiter = await this.#preamble();
    while (delimiter === "part") {
      if (this.#parts.length >= this.#run.limits.maxParts) return ProblemReason.TooManyParts;
      const headers = await this.#headers();
      if (typeof headers === "string") return headers;
      const digest = new RegionDigest(this.#at);
      // The empty line after the headers may be the CRLF of the boundary: an empty part.
      delimiter = await this.#passToBoundary(digest, CRLF.length);
      this.#parts.push({ ...digest.finish(), headers });
    }
    if (delimiter !== "close") return ProblemReason.MalformedMultipart;
    const digest = new RegionDigest(this.#at);
    const behind = await this.#passToBoundary(digest, 0);
    this.#addAround(digest);
    return behind === "missing" ? undefined : ProblemReason.MalformedMultipart;
  }

  async #preamble(): Promise<Delimiter> {
    // At the start of the content the boundary has no CRLF before it.
    const opening = this.#boundary.subarray(CRLF.length);
    await this.#ensure(opening.length);
    if (this.#rest().subarray(0, opening.length).equals(opening)) {
      this.#at += opening.length;
      return this.#delimiter();
    }
    const digest = new RegionDigest(0);
    const delimiter = await this.#passToBoundary(digest, 0);
    if (delimiter !== "missing") this.#addAround(digest); // else it is the whole content
    return delimiter;
  }

  #addAround(digest: RegionDigest): void {
    const region = digest.finish();
    if (!region.blank) this.#around.push(region);
  }

  /** Goes behind the next boundary and gives what stands before it to the digest. */
  async #passToBoundary(digest: RegionDigest, backBytes: number): Promise<Delimiter> {
    let from = this.#at - backBytes;
    for (;;) {
      const view = this.#window.bytes;
      const found = view.indexOf(this.#boundary, from - this.#window.offset);
      const start = this.#at - this.#window.offset;
      if (found >= 0) {
        digest.update(view.subarray(start, found));
        this.#at = this.#window.offset + found + this.#boundary.length;
        return this.#delimiter();
      }
      const { atEnd } = this.#window;
      // The first bytes of the boundary may be at the end of what is seen.
      const unsure = atEnd ? 0 : this.#boundary.length - 1;
      from = Math.max(this.#window.offset + view.length - unsure, from);
      const end = Math.max(from, this.#at);
      digest.update(view.subarray(start, end - this.#window.offset));
      this.#at = end;
      if (atEnd) return "missing";
      await this.#slide();
    }
  }

  /** Reads what follows a boundary up to the end of its line. */
  async #delimiter(): Promise<Delimiter> {
    await this.#ensure(MAX_PADDING_BYTES + CRLF.length);
    const line = this.#rest()
      .subarray(0, MAX_PADDING_BYTES + CRLF.length)
      .toString("latin1");
    if (line.startsWith("--")) {
      this.#at += 2;
      return "close";
    }
    const [padding] = /^[ \t]*\r\n/.exec(line) ?? [];
    if (padding === undefined) return "invalid";
    this.#at += padding.length;
    return "part";
  }

  /** Reads the headers of a part and the empty line after them. */
  async #headers(): Promise<PartHeaders | ProblemReason> {
    const { maxPartHeaderBytes } = this.#run.limits;
    await this.#ensure(maxPartHeaderBytes + EMPTY_LINE.length);
    const rest = this.#rest();
    const hasNone = rest.subarray(0, CRLF.length).equals(CRLF);
    const end = hasNone ? 0 : rest.indexOf(EMPTY_LINE);
    if (end > maxPartHeaderBytes || (end < 0 && rest.length > maxPartHeaderBytes)) {
      return ProblemReason.PartHeadersTooLarge;
    }
    if (end < 0) return ProblemReason.MalformedMultipart;
    const block = rest.subarray(0, end);
    const headers = block.includes(this.#boundary) ? undefined : parsePartHeaders(block);
    this.#at += end + (hasNone ? CRLF.length : EMPTY_LINE.length);
    return headers ?? ProblemReason.MalformedMultipart;
  }

  #rest(): Buffer {
    return this.#window.bytes.subarray(this.#at - this.#window.offset);
  }

  async #ensure(bytes: number): Promise<void> {
    while (!this.#window.atEnd && this.#rest().length < bytes) await this.#slide();
  }

  async #slide(): Promise<void> {
    this.#run.signal.throwIfAborted();
    // Two bytes before the position stay in view: see the empty part.
    const drop = this.#at - this.#window.offset - CRLF.length;
    await this.#window.slide(Math.max(drop, 0));
  }
}
