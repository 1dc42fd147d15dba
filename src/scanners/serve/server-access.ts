import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import { Follower, type Sight } from "../../follow/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { ScanProblem } from "./scan-problem.ts";

/** Files by which a server shows who it is, and sees who asks. Each is read again when it changes. */
export interface AccessFiles {
  /** Bearer tokens, one a line: two while one replaces the other. */
  readonly tokenFile?: string | undefined;
  readonly tls?:
    | {
        readonly certFile: string;
        readonly keyFile: string;
        /** Authorities of client certificates; with them, nobody scans without one. */
        readonly clientCaFile?: string | undefined;
      }
    | undefined;
}

interface Credentials {
  readonly tokens: readonly Buffer[] | undefined;
  readonly tls: SecureContextOptions | undefined;
}

const POLL_MS = 5000;

/** Who may scan: everybody, unless there are tokens or authorities of client certificates. */
export class ServerAccess {
  readonly #files: AccessFiles;
  readonly #follower: Follower<Credentials>;
  #credentials: Credentials;

  private constructor(
    files: AccessFiles,
    { stamp, first }: { readonly stamp: string; readonly first: Credentials },
    { logger, onTls, pollMs = POLL_MS }: AccessOptions,
  ) {
    this.#files = files;
    this.#credentials = first;
    this.#follower = new Follower({
      everyMs: pollMs,
      stamp,
      look: () => lookAt(files),
      use: (credentials) => {
        if (credentials.tls !== undefined) onTls(credentials.tls);
        this.#credentials = credentials;
        logger.info("credentials read again");
      },
      onProblem: (why) => logger.error("credentials not read again", { reason: why }),
    });
  }

  /** Rejects when a file cannot be read, or a token file has no token. */
  static async open(files: AccessFiles, options: AccessOptions): Promise<ServerAccess> {
    const { stamp, content } = await lookAt(files);
    return new ServerAccess(files, { stamp, first: await content() }, options);
  }

  /** Undefined without TLS. */
  get tls(): SecureContextOptions | undefined {
    return this.#credentials.tls;
  }

  get asksForCertificates(): boolean {
    return this.#files.tls?.clientCaFile !== undefined;
  }

  /** Throws a `ScanProblem` for a client that may not ask. */
  check(request: IncomingMessage): void {
    if (this.asksForCertificates && !(request.socket as TLSSocket).authorized) {
      throw new ScanProblem(403, "a client certificate is needed");
    }
    const { tokens } = this.#credentials;
    if (tokens === undefined) return;
    const [, token = ""] = /^bearer +([^ ]+)$/i.exec(request.headers.authorization ?? "") ?? [];
    const digest = digestOf(token);
    // All are compared, for which one it was is nobody's business either.
    const isKnown = tokens.map((one) => timingSafeEqual(one, digest)).includes(true);
    if (!isKnown)
      throw new ScanProblem(401, "a bearer token is needed", { authenticate: "Bearer" });
  }

  close(): void {
    this.#follower.close();
  }
}

export interface AccessOptions {
  readonly logger: Logger;
  /** Called with certificates that have changed; what it throws leaves the old ones in use. */
  readonly onTls: (tls: SecureContextOptions) => void;
  readonly pollMs?: number;
}

async function lookAt({ tokenFile, tls }: AccessFiles): Promise<Sight<Credentials>> {
  const read = (path: string | undefined) =>
    path === undefined ? undefined : readFile(path, "utf8");
  const texts = await Promise.all(
    [tokenFile, tls?.certFile, tls?.keyFile, tls?.clientCaFile].map(read),
  );
  const [tokenText, cert, key, ca] = texts;
  return {
    stamp: digestOf(JSON.stringify(texts)).toString("hex"),
    content: () => ({
      tokens: tokenText === undefined ? undefined : tokensOf(tokenText),
      tls: cert === undefined ? undefined : { cert, key, ca, minVersion: "TLSv1.2" },
    }),
  };
}

function tokensOf(text: string): Buffer[] {
  const tokens = text.split(/\s+/).filter((token) => token !== "");
  if (tokens.length === 0) throw new Error("the token file has no token");
  return tokens.map(digestOf);
}

/** Of equal length whatever the token, as a comparison in constant time needs. */
function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
