/** Optional white space of HTTP and ICAP: a space or a tab (RFC 7230 §3.2.3). False behind the last byte. */
export function isBlank(code: number | undefined): boolean {
  return code === 0x20 || code === 0x09;
}
