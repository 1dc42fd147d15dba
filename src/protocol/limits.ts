/** Bounds of the wire. Each is checked before a byte is kept; none is ever set by a client. */
export interface WireLimits {
  /** Longest request line, without its line end. */
  readonly requestLineBytes: number;
  /** All of the ICAP head: request line, fields and line ends. */
  readonly headBytes: number;
  /** Lines of fields in the ICAP head; a folded line counts like a field. */
  readonly headFields: number;
  /** The encapsulated HTTP heads together. */
  readonly encapsulatedBytes: number;
  /** A chunk-size line with its extensions, without its line end. */
  readonly chunkLineBytes: number;
  /** All trailer lines of a body. */
  readonly trailerBytes: number;
  /** The largest `Preview` a client may announce, and the most it may send as one. */
  readonly previewBytes: number;
  /** Complete requests that may wait behind an unfinished answer on one connection. */
  readonly pipelined: number;
}

export const DEFAULT_WIRE_LIMITS: WireLimits = {
  requestLineBytes: 8 * 1024,
  headBytes: 64 * 1024,
  headFields: 100,
  encapsulatedBytes: 256 * 1024,
  chunkLineBytes: 4 * 1024,
  trailerBytes: 16 * 1024,
  previewBytes: 64 * 1024,
  pipelined: 32,
};
