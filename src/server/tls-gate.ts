import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type SecureVersion, type Server } from "node:tls";
import { Follower, fileContents } from "../follow/index.ts";
import { type ConnectionMetrics, type Logger, RefusalReason } from "../telemetry/index.ts";
import { PrefaceReader } from "./proxy-protocol.ts";

export interface TlsOptions {
  /** Certificate chain, PEM. */
  readonly certFile: string;
  /** Private key, PEM. */
  readonly keyFile: string;
  /** Clients must show a certificate of one of these authorities, PEM. */
  readonly clientCaFile: string | undefined;
  readonly minVersion: SecureVersion;
  /** How often the files are looked at for a change. */
  readonly reloadMs: number;
  readonly handshakeTimeoutMs: number;
}

export interface TlsGateOptions extends TlsOptions {
  /** Handshakes under way at the same time. */
  readonly maxHandshakes: number;
}

/** A certificate and its key are two files: who has written one may not be done. */
const QUIET_MS = 100;
const KEPT = "TLS certificate not usable, keeping the old one";

/** A connection that is not served yet. */
interface Handshake {
  readonly deadline: NodeJS.Timeout;
  /** As its PROXY preface named it. */
  client: string | undefined;
}

export interface TlsGatePorts {
  readonly logger: Logger;
  readonly metrics: ConnectionMetrics;
  /** Takes a connection whose handshake is done; `client` as a PROXY preface named it. */
  serve(socket: Socket, client: string | undefined): void;
}

/**
 * TLS in front of ICAP. New certificates serve the handshakes from then on; connections that exist
 * are not touched.
 */
export class TlsGate {
  readonly #options: TlsGateOptions;
  readonly #ports: TlsGatePorts;
  readonly #server: Server;
  readonly #files: Follower<readonly Buffer[]>;
  readonly #handshakes = new Map<Socket, Handshake>();
  #closed = false;

  private constructor(
    options: TlsGateOptions,
    ports: TlsGatePorts,
    { stamp, files }: { readonly stamp: string; readonly files: readonly Buffer[] },
  ) {
    this.#options = options;
    this.#ports = ports;
    this.#server = createServer({
      ...contextOptions(options, files),
      requestCert: options.clientCaFile !== undefined,
      rejectUnauthorized: options.clientCaFile !== undefined,
      noDelay: true,
    });
    this.#server.on("secureConnection", (socket) => {
      // A client may end its side behind its last request and still read the answer.
      socket.allowHalfOpen = true;
      const client = this.#handshakes.get(underlying(socket))?.client;
      this.#forget(underlying(socket));
      if (this.#closed) socket.destroy();
      else ports.serve(socket, client);
    });
    this.#server.on("tlsClientError", (err, socket) => {
      // A health probe connects and closes: that is no handshake that failed.
      if (underlying(socket).bytesRead > 0) {
        ports.metrics.connectionRefused(RefusalReason.TlsHandshake);
        ports.logger.debug("TLS handshake failed", {
          peer: socket.remoteAddress,
          err: err.message,
        });
      }
      socket.destroy();
    });
    this.#files = new Follower({
      look: () => fileContents(watchedFiles(options)),
      stamp,
      everyMs: options.reloadMs,
      quietMs: QUIET_MS,
      use: (changed) => this.#reload(changed),
      onProblem: (_why, err) => ports.logger.error(KEPT, { err }),
    });
  }

  /** Rejects when a file cannot be read or used. */
  static async open(options: TlsGateOptions, ports: TlsGatePorts): Promise<TlsGate> {
    const { stamp, content } = await fileContents(watchedFiles(options));
    return new TlsGate(options, ports, { stamp, files: await content() });
  }

  /** @param proxied the first bytes are a PROXY preface, before the handshake */
  accept(socket: Socket, proxied: boolean): void {
    if (this.#closed || this.#handshakes.size >= this.#options.maxHandshakes) {
      this.#ports.metrics.connectionRefused(RefusalReason.MaxConnections);
      socket.destroy();
      return;
    }
    // From the first byte to the last: a byte now and then keeps no handshake alive.
    const deadline = setTimeout(() => socket.destroy(), this.#options.handshakeTimeoutMs);
    this.#handshakes.set(socket, { deadline, client: undefined });
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#forget(socket));
    // Who goes before there is TLS, such as a health probe, gives its place back at once.
    socket.allowHalfOpen = false;
    if (proxied) this.#takePreface(socket);
    else this.#server.emit("connection", socket);
  }

  /** Ends handshakes under way; connections that are served are not its affair any more. */
  close(): void {
    this.#closed = true;
    this.#files.close();
    for (const socket of [...this.#handshakes.keys()]) socket.destroy();
  }

  #forget(socket: Socket): void {
    clearTimeout(this.#handshakes.get(socket)?.deadline);
    this.#handshakes.delete(socket);
  }

  #takePreface(socket: Socket): void {
    const reader = new PrefaceReader();
    const onReadable = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      const result = reader.take(bytes, bytes.length);
      if (result.kind === "incomplete") return;
      socket.off("readable", onReadable);
      socket.off("end", onEnd);
      if (result.kind === "invalid") {
        this.#ports.metrics.connectionRefused(RefusalReason.ProxyProtocol);
        socket.destroy();
        return;
      }
      const handshake = this.#handshakes.get(socket);
      if (handshake !== undefined) handshake.client = result.source.address;
      if (bytes.length > result.length) socket.unshift(bytes.subarray(result.length));
      this.#server.emit("connection", socket);
    };
    const onEnd = (): void => void socket.destroy();
    socket.on("readable", onReadable);
    socket.once("end", onEnd);
  }

  #reload(files: readonly Buffer[]): void {
    // Throws on a key that does not belong to the certificate.
    this.#server.setSecureContext(contextOptions(this.#options, files));
    this.#ports.logger.info("TLS certificate reloaded");
  }
}

function watchedFiles(options: TlsOptions): string[] {
  const { certFile, keyFile, clientCaFile } = options;
  return clientCaFile === undefined ? [certFile, keyFile] : [certFile, keyFile, clientCaFile];
}

function contextOptions(options: TlsOptions, files: readonly Buffer[]): SecureContextOptions {
  const [cert, key, ca] = files;
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    minVersion: options.minVersion,
  };
}

/** The TCP socket below a TLS socket of a server: Node keeps it in `_parent`. */
function underlying(socket: Socket): Socket {
  return (socket as { _parent?: Socket })._parent ?? socket;
}
