import { createPrivateKey, X509Certificate } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ScannerCredentials } from "../scanning/index.ts";
import type { Logger } from "../telemetry/index.ts";

export interface CredentialWatchOptions<T extends ScannerCredentials> {
  /** Reads what the credentials are now; rejects, without a secret in the reason, when it cannot. */
  readonly read: () => Promise<T>;
  /** What is in use when the watch begins. */
  readonly first: T;
  readonly onChange: (credentials: T) => void;
  readonly everyMs: number;
  /** For the log. */
  readonly scanner: string;
  readonly logger: Logger;
}

/**
 * Looks at a scanner's secrets again and again and tells of those that changed: by polling, since
 * mounted Secrets change by a symlink swap. What cannot be used, such as a certificate whose key is
 * not written yet, is logged once, and what was told last stays in use.
 */
export class CredentialWatch<T extends ScannerCredentials> {
  readonly #options: CredentialWatchOptions<T>;
  readonly #timer: NodeJS.Timeout;
  #used: T;
  #isLooking = false;
  #isBad = false;
  #isStopped = false;

  constructor(options: CredentialWatchOptions<T>) {
    this.#options = options;
    this.#used = options.first;
    this.#timer = setInterval(() => void this.#look(), options.everyMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const read = await this.#options.read();
      checkTls(read);
      if (!this.#isStopped) this.#take(read);
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#isLooking = false;
    }
  }

  #take(read: T): void {
    this.#isBad = false;
    if (isDeepStrictEqual(read, this.#used)) return;
    const { scanner, logger, onChange } = this.#options;
    this.#used = read;
    logger.info("scanner's secrets have changed", { scanner });
    onChange(read);
  }

  #refuse(error: unknown): void {
    const { scanner, logger } = this.#options;
    if (this.#isBad || this.#isStopped) return;
    this.#isBad = true;
    const why = error instanceof Error ? error.message : String(error);
    logger.warn("scanner's secrets cannot be used, the last ones stay", { scanner, why });
  }
}

/** Throws when TLS could not make anything of them. Messages of OpenSSL name no contents. */
function checkTls({ tls }: ScannerCredentials): void {
  if (tls?.ca !== undefined) new X509Certificate(tls.ca);
  if (tls?.certificate === undefined) return;
  const { cert, key } = tls.certificate;
  const isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  if (!isPair) throw new Error("the certificate is not of this key");
}
