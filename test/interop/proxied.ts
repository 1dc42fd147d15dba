import { afterAll, beforeAll } from "vitest";
import { CertificateAuthority } from "../support/certificate-authority.ts";
import { type CurlResult, curl } from "../support/curl.ts";
import { Origin } from "../support/origin.ts";
import { Sluice } from "../support/sluice.ts";
import { Squid, scannedOn } from "../support/squid.ts";
import { TempDirectory } from "../support/temp-directory.ts";

/** A user's whole path: curl or a browser, Squid, Sluice, and a web server, plain and with TLS. */
export interface ProxiedPath {
  readonly sluice: Sluice;
  readonly squid: Squid;
  readonly origin: Origin;
  readonly secureOrigin: Origin;
  /** Signed the certificate of `secureOrigin`, and what ssl-bump makes. */
  readonly authority: CertificateAuthority;
  /** For what a test uploads. */
  readonly files: TempDirectory;
  /** Runs curl through Squid. */
  readonly curl: (...args: readonly string[]) => Promise<CurlResult>;
}

/** Starts the path before the tests of a file and takes it down after them. */
export function useProxiedPath(options: { readonly bump?: boolean } = {}): () => ProxiedPath {
  const stack = new AsyncDisposableStack();
  let path: ProxiedPath | undefined;
  beforeAll(async () => {
    const authority = await CertificateAuthority.create();
    stack.defer(() => authority.remove());
    const files = stack.use(new TempDirectory());
    const origin = stack.use(await Origin.start());
    const secureOrigin = stack.use(await Origin.start(await authority.issue("DNS:origin.test")));
    const sluice = stack.use(await Sluice.start());
    const squid = stack.use(
      await Squid.start({
        adaptation: scannedOn(sluice.icapPort),
        ...(options.bump ? { bumpWith: authority } : {}),
      }),
    );
    const throughSquid = (...args: readonly string[]) =>
      curl("--proxy", squid.url, "--cacert", authority.certFile, ...args);
    path = { sluice, squid, origin, secureOrigin, authority, files, curl: throughSquid };
  });
  afterAll(() => stack.disposeAsync());
  return () => {
    if (!path) throw new Error("the path did not start");
    return path;
  };
}
