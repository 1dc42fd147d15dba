/** How far an entry of a list reaches. The values are indexes into per-kind tables. */
export const NameKind = {
  /** This host and everything below it: `example.com` of a plain or squidGuard list. */
  Domain: 0,
  /** This host alone: a line of a hosts file, an address. */
  Host: 1,
  /** Everything below, not the name itself: `*.example.com`. */
  Below: 2,
  /** A URL and what its path leads to: `example.com/path`. */
  Url: 3,
} as const;
export type NameKind = (typeof NameKind)[keyof typeof NameKind];
