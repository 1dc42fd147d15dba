import type { Socket } from "node:net";
import { createServer, type SecureContextOptions, type SecureVersion, type Server } from "node:tls";
import { type ConnectionMetrics, type Logger, RefusalReason } from "../telemetry/index.ts";
import { FileWatch } from "./file-watch.ts";
import { MAX_PREFACE_BYTES, readPreface } from "./proxy-protocol.ts";

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
  readonly #options: TlsOptions;
  readonly #ports: TlsGatePorts;
  readonly #server: Server;
  readonly #watch: FileWatch;
  readonly #clients = new WeakMap<Socket, string>();

  private constructor(options: TlsOptions, ports: TlsGatePorts, files: Buffer[]) {
    this.#options = options;
    this.#ports = ports;
    this.#server = createServer({
      ...contextOptions(options, files),
      handshakeTimeout: options.handshakeTimeoutMs,
      requestCert: options.clientCaFile !== undefined,
      rejectUnauthorized: options.clientCaFile !== undefined,
      noDelay: true,
      allowHalfOpen: true,
    });
    this.#server.on("secureConnection", (socket) => {
      ports.serve(socket, this.#clients.get(underlying(socket)));
    });
    this.#server.on("tlsClientError", (err, socket) => {
      ports.metrics.connectionRefused(RefusalReason.TlsHandshake);
      ports.logger.debug("TLS handshake failed", { peer: socket.remoteAddress, err: err.message });
      socket.destroy();
    });
    this.#watch = new FileWatch(watchedFiles(options), options.reloadMs, (changed) =>
      this.#reload(changed),
    );
  }

  /** Rejects when a file cannot be read or used. */
  static async open(options: TlsOptions, ports: TlsGatePorts): Promise<TlsGate> {
    const files = await FileWatch.read(watchedFiles(options));
    return new TlsGate(options, ports, files);
  }

  /** @param proxied the first bytes are a PROXY preface, before the handshake */
  accept(socket: Socket, proxied: boolean): void {
    socket.on("error", () => socket.destroy());
    if (proxied) this.#takePreface(socket);
    else this.#server.emit("connection", socket);
  }

  close(): void {
    this.#watch.stop();
  }

  #takePreface(socket: Socket): void {
    socket.setTimeout(this.#options.handshakeTimeoutMs, () => socket.destroy());
    const onReadable = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      const result = readPreface(bytes.subarray(0, MAX_PREFACE_BYTES));
      if (result.kind === "incomplete") {
        socket.unshift(bytes);
        return;
      }
      socket.off("readable", onReadable);
      if (result.kind === "invalid") {
        this.#ports.metrics.connectionRefused(RefusalReason.ProxyProtocol);
        socket.destroy();
        return;
      }
      if (result.source.address !== undefined) this.#clients.set(socket, result.source.address);
      socket.setTimeout(0);
      if (bytes.length > result.length) socket.unshift(bytes.subarray(result.length));
      this.#server.emit("connection", socket);
    };
    socket.on("readable", onReadable);
  }

  #reload(files: Buffer[]): void {
    try {
      this.#server.setSecureContext(contextOptions(this.#options, files));
      this.#ports.logger.info("TLS certificate reloaded");
    } catch (err) {
      // Half-written files, or a key that does not belong to the certificate: the old pair serves on.
      this.#ports.logger.error("TLS certificate not usable, keeping the old one", { err });
    }
  }
}

function watchedFiles(options: TlsOptions): string[] {
  const { certFile, keyFile, clientCaFile } = options;
  return clientCaFile === undefined ? [certFile, keyFile] : [certFile, keyFile, clientCaFile];
}

function contextOptions(options: TlsOptions, files: Buffer[]): SecureContextOptions {
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
