import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { ServerAccess } from "./server-access.ts";

const HEAD_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 75_000;
const MAX_HEAD_BYTES = 32 * 1024;

export interface ListenerLimits {
  readonly scanTimeoutMs: number;
  readonly maxConcurrentScans: number;
}

/** An HTTP/1.1 server with the limits of a scanner, with TLS where there is a certificate. */
export function createListener(
  access: ServerAccess,
  { scanTimeoutMs, maxConcurrentScans }: ListenerLimits,
  serve: RequestListener,
): Server {
  const limits = {
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: HEAD_TIMEOUT_MS,
    // A body that is not scanned, or no longer, ends here; scans have a deadline of their own.
    requestTimeout: scanTimeoutMs + HEAD_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1000,
  };
  const tls = {
    ...access.tls,
    handshakeTimeout: HEAD_TIMEOUT_MS,
    requestCert: access.asksForCertificates,
    // Probes have no certificate; who asks for a verdict without one is refused by `ServerAccess`.
    rejectUnauthorized: false,
  };
  const server =
    access.tls === undefined
      ? createServer(limits, serve)
      : createTlsServer({ ...limits, ...tls }, serve);
  // Answered without a byte of the body where the head is enough.
  server.on("checkContinue", serve);
  // Each scan has a connection; beside them there are probes, scrapers and a few idle ones.
  server.maxConnections = 4 * maxConcurrentScans + 64;
  return server;
}
