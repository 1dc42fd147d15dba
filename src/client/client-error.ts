/** Why a server could not be asked; a closed list to match on. */
export const ClientErrorCode = {
  /** No connection: refused, unreachable, unknown host, TLS. */
  Connect: "connect",
  /** The server did not go on in time. */
  Timeout: "timeout",
  /** The server ended the connection without an answer. */
  Closed: "closed",
  /** The answer is not ICAP, or broken. */
  Protocol: "protocol",
  /** The body to be sent could not be read. */
  Body: "body",
  /** The caller wanted the answer no more. */
  Aborted: "aborted",
} as const;
export type ClientErrorCode = (typeof ClientErrorCode)[keyof typeof ClientErrorCode];

/** The only thing that the client throws; its message is one line for a person. */
export class IcapClientError extends Error {
  override readonly name = "IcapClientError";
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ENOTFOUND: "unknown host",
  EAI_AGAIN: "the name cannot be resolved now",
  EPIPE: "connection closed",
};

/** What an error of a socket means, in words. */
export function socketReason(error: NodeJS.ErrnoException): string {
  return reasons[error.code ?? ""] ?? (error.message || String(error.code));
}
