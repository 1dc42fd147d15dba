import { createPrivateKey, hash, X509Certificate } from "node:crypto";
import { Follower } from "../follow/index.ts";
import type { RemoteScannerOptions, ScannerCredentials } from "../scanning/index.ts";
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
 * Follows a scanner's secrets and tells of those that changed. What cannot be used, such as a certificate
 * whose key is not written yet, is logged once, and what was told last stays in use.
 */
export class CredentialWatch<T extends ScannerCredentials> {
  readonly #follower: Follower<T>;

  constructor({ read, first, onChange, everyMs, scanner, logger }: CredentialWatchOptions<T>) {
    this.#follower = new Follower({
      look: async () => {
        const credentials = await read();
        checkTls(credentials);
        return { stamp: stampOf(credentials), content: () => credentials };
      },
      stamp: stampOf(first),
      everyMs,
      use: (credentials) => {
        logger.info("scanner's secrets have changed", { scanner });
        onChange(credentials);
      },
      onProblem: (why) =>
        logger.warn("scanner's secrets cannot be used, the last ones stay", { scanner, why }),
    });
  }

  stop(): void {
    this.#follower.close();
  }
}

/** Credentials as a scanner takes them: those of now, and a way to hear of others. */
export function followedCredentials<T extends ScannerCredentials>(
  options: Omit<CredentialWatchOptions<T>, "onChange">,
): Required<Pick<RemoteScannerOptions<T>, "credentials" | "onCredentials">> {
  return {
    credentials: options.first,
    onCredentials: (onChange) => {
      const watch = new CredentialWatch({ ...options, onChange });
      return () => watch.stop();
    },
  };
}

function stampOf(credentials: ScannerCredentials): string {
  return hash("sha256", JSON.stringify(credentials));
}

/** Throws when TLS could not make anything of them. Messages of OpenSSL name no contents. */
function checkTls({ tls }: ScannerCredentials): void {
  if (tls?.ca !== undefined) new X509Certificate(tls.ca);
  if (tls?.certificate === undefined) return;
  const { cert, key } = tls.certificate;
  const isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  if (!isPair) throw new Error("the certificate is not of this key");
}
