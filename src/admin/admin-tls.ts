import { readFileSync } from "node:fs";
import type { SecureContextOptions, Server } from "node:tls";
import { contentsStamp, Follower, fileContents } from "../follow/index.ts";
import type { Logger } from "../telemetry/index.ts";

export interface AdminTlsOptions {
  /** Certificate chain, PEM. */
  readonly certFile: string;
  /** Private key, PEM. */
  readonly keyFile: string;
  /** How often the files are looked at for a change. */
  readonly reloadMs: number;
}

/** A certificate and its key are two files: who has written one may not be done. */
const QUIET_MS = 100;

/** The certificate of the admin port, read again when its files change; the last good one stays. */
export class AdminTls {
  readonly #options: AdminTlsOptions;
  readonly #first: readonly Buffer[];
  #files: Follower<readonly Buffer[]> | undefined;

  /** Throws when a file cannot be read. */
  constructor(options: AdminTlsOptions) {
    this.#options = options;
    this.#first = pathsOf(options).map((path) => readFileSync(path));
  }

  /** For the server to begin with. */
  get context(): SecureContextOptions {
    return contextOf(this.#first);
  }

  follow(server: Server, logger: Logger): void {
    this.#files = new Follower({
      look: () => fileContents(pathsOf(this.#options)),
      stamp: contentsStamp(this.#first),
      everyMs: this.#options.reloadMs,
      quietMs: QUIET_MS,
      // Throws on a key that does not belong to the certificate.
      use: (files) => {
        server.setSecureContext(contextOf(files));
        logger.info("TLS certificate of the admin port reloaded");
      },
      onProblem: (_why, err) =>
        logger.error("TLS certificate of the admin port not usable, keeping the old one", { err }),
    });
  }

  close(): void {
    this.#files?.close();
  }
}

function pathsOf({ certFile, keyFile }: AdminTlsOptions): string[] {
  return [certFile, keyFile];
}

function contextOf([cert, key]: readonly Buffer[]): SecureContextOptions {
  return {
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    minVersion: "TLSv1.2",
  };
}
