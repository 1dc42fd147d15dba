import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import {
  type ClamavScannerOptions,
  type RunningScanner,
  type ScanServerOptions,
  scannerServer,
} from "../../../src/app/scanners/scanner-server.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";

/** What came back from a scanner. */
export interface ScanAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly document: {
    readonly verdict?: string;
    readonly reason?: string;
    readonly detail?: string;
    readonly message?: string;
    readonly threats?: readonly { readonly name: string }[];
  };
}

/** `sluice scanner clamav` in this process, on a port of the system's choice. */
export function startScanner(
  clamds: readonly string[],
  changes: Partial<ClamavScannerOptions & ScanServerOptions> = {},
): Promise<RunningScanner> {
  const engine = { clamds, connectTimeoutMs: 5000, probeIntervalMs: 50, ownEpoch: undefined };
  const server = {
    host: "127.0.0.1",
    port: 0,
    maxBytes: 100 * 1024 ** 2,
    maxConcurrentScans: 64,
    scanTimeoutMs: 60_000,
    drainDelayMs: 0,
    drainTimeoutMs: 10_000,
    logger: silentLogger,
  };
  return scannerServer.clamav({ ...engine, ...changes }, { ...server, ...changes });
}

export const urlOf = ({ address: { host, port } }: RunningScanner, path = "/v1/scan"): string =>
  `http://${host}:${port}${path}`;

/** Uploads a body: in one piece with its length, or in pieces of a chunked one. */
export async function scan(
  scanner: RunningScanner,
  body: string | Buffer | Iterable<Buffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<ScanAnswer> {
  const isWhole = typeof body === "string" || Buffer.isBuffer(body);
  const length = isWhole ? { "Content-Length": Buffer.byteLength(body) } : {};
  const upload = request(urlOf(scanner), {
    method: "POST",
    agent: false,
    headers: { ...length, ...headers },
  });
  // A server that has answered need not take the rest.
  upload.on("error", () => {});
  const answered = once(upload, "response");
  if (isWhole) upload.end(body);
  else Readable.from(body).pipe(upload);
  const [response] = await answered;
  return {
    status: response.statusCode,
    headers: response.headers,
    document: JSON.parse(await text(response)),
  };
}

/** What a page of the scanner says. */
export async function page(scanner: RunningScanner, path: string): Promise<string> {
  return await (await fetch(urlOf(scanner, path))).text();
}
