/** What each refusal of a scan/v1 server is called. */
const titles = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
  503: "Service Unavailable",
  504: "Gateway Timeout",
} as const;
type ProblemStatus = keyof typeof titles;

interface ProblemOptions {
  /** When it is worth asking again, in seconds. */
  readonly retryAfterSeconds?: number;
  /** The methods that would be right. */
  readonly allow?: string;
  readonly cause?: unknown;
}

/** A refusal in place of a verdict; its message is shown to the client, so it holds no secret. */
export class ScanProblem extends Error {
  readonly status: ProblemStatus;
  readonly retryAfterSeconds: number | undefined;
  readonly allow: string | undefined;

  constructor(status: ProblemStatus, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = "ScanProblem";
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.allow = options.allow;
  }

  /** The document of RFC 9457 §3. */
  toJSON(): object {
    const { status, message: detail } = this;
    return { type: "about:blank", title: titles[status], status, detail };
  }
}
