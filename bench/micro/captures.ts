/** Requests as ICAP clients send them, line by line; `Encapsulated` is computed from the heads. */

const lines = (...text: readonly string[]): string => `${text.join("\r\n")}\r\n\r\n`;

/** Firefox through Squid 5.7. */
export const httpRequest = lines(
  "GET http://www.example.com/dir/object?id=12345 HTTP/1.1",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
  "Accept-Language: en-US,en;q=0.5",
  "Accept-Encoding: gzip, deflate",
  "Cookie: session=0123456789abcdef0123456789abcdef",
  "Host: www.example.com",
);

/** nginx 1.22. */
export const httpResponse = lines(
  "HTTP/1.1 200 OK",
  "Date: Mon, 10 Jan 2000 09:55:21 GMT",
  "Server: nginx/1.22.1",
  "Last-Modified: Mon, 10 Jan 2000 09:00:00 GMT",
  'ETag: "63840-1ab7-378d415b"',
  "Content-Type: text/html; charset=utf-8",
  "Cache-Control: max-age=3600",
  "Content-Length: 102400",
);

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

const requestBytes = httpRequest.length;
const bothBytes = requestBytes + httpResponse.length;

export const squidOptions = bytes(
  lines(
    "OPTIONS icap://127.0.0.1:1344/scan ICAP/1.0",
    "Host: 127.0.0.1:1344",
    "Allow: 206, trailers",
  ),
);

export const squidGet = bytes(
  lines(
    "REQMOD icap://127.0.0.1:1344/scan ICAP/1.0",
    "Host: 127.0.0.1:1344",
    "Date: Mon, 10 Jan 2000 09:55:21 GMT",
    `Encapsulated: req-hdr=0, null-body=${requestBytes}`,
    "Preview: 0",
    "Allow: 204, trailers",
    "X-Client-IP: 192.168.1.17",
  ) + httpRequest,
);

const squidResponseHead =
  lines(
    "RESPMOD icap://127.0.0.1:1344/scan ICAP/1.0",
    "Host: 127.0.0.1:1344",
    "Date: Mon, 10 Jan 2000 09:55:21 GMT",
    `Encapsulated: req-hdr=0, res-hdr=${requestBytes}, res-body=${bothBytes}`,
    "Preview: 4",
    "Allow: 204, trailers",
    "X-Client-IP: 192.168.1.17",
  ) +
  httpRequest +
  httpResponse;

/** A body that is its own preview. */
export const squidSmallResponse = bytes(`${squidResponseHead}4\r\nabcd\r\n0; ieof\r\n\r\n`);

/** c-icap-client: few heads, URI without port. */
export const cIcapClientHead = lines(
  "RESPMOD icap://127.0.0.1/scan ICAP/1.0",
  "Host: 127.0.0.1",
  "User-Agent: C-ICAP-Client-Library/0.5.10",
  "Allow: 204",
  `Encapsulated: res-hdr=0, res-body=${httpResponse.length}`,
);

/** The body of a RESPMOD request in chunks of the size that a client uses. */
export function chunkedResponse(bodyBytes: number, chunkBytes: number): Buffer {
  const parts = [cIcapClientHead, httpResponse];
  for (let left = bodyBytes; left > 0; left -= chunkBytes) {
    const size = Math.min(left, chunkBytes);
    parts.push(`${size.toString(16)}\r\n`, "x".repeat(size), "\r\n");
  }
  return bytes([...parts, "0\r\n\r\n"].join(""));
}
