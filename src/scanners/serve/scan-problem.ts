/** What each refusal of a scan/v1 server is called. */
const titles = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
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
  /** The way in which a client may say who it is. */
  readonly authenticate?: string;
  readonly cause?: unknown;
}

/** A refusal in place of a verdict; its message is shown to the client, so it holds no secret. */
export class ScanProblem extends Error {
  readonly status: ProblemStatus;
  /** Fields of the answer. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(status: ProblemStatus, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = "ScanProblem";
    this.status = status;
    const { retryAfterSeconds, allow, authenticate } = options;
    this.fields = {
      ...(retryAfterSeconds !== undefined && { "Retry-After": String(retryAfterSeconds) }),
      ...(allow !== undefined && { Allow: allow }),
      ...(authenticate !== undefined && { "WWW-Authenticate": authenticate }),
    };
  }

  /** The document of RFC 9457 §3. */
  toJSON(): object {
    const { status, message: detail } = this;
    return { type: "about:blank", title: titles[status], status, detail };
  }
}
