import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { CredentialWatch } from "../../../src/app/credential-watch.ts";
import type { ScannerCredentials } from "../../../src/scanning/index.ts";
import { type Logger, silentLogger } from "../../../src/telemetry/index.ts";
import { CertificateAuthority } from "../../support/certificate-authority.ts";

const field = (value: string): ScannerCredentials => ({ auth: { name: "authorization", value } });
const first = field("first");

describe("CredentialWatch", () => {
  let read: () => Promise<ScannerCredentials>;
  const told: ScannerCredentials[] = [];
  const lines: string[] = [];
  let watch: CredentialWatch<ScannerCredentials>;
  let ca: string;
  let one: { readonly cert: string; readonly key: string };
  let other: typeof one;
  beforeAll(async () => {
    const authority = await CertificateAuthority.create();
    [one, other] = [await authority.issueClient("DNS:a"), await authority.issueClient("DNS:b")];
    ca = authority.cert;
    authority.remove();
  });
  beforeEach(() => {
    vi.useFakeTimers();
    told.length = 0;
    lines.length = 0;
    read = () => Promise.resolve(first);
    const line = (message: string): void => void lines.push(message);
    const logger: Logger = { ...silentLogger, info: line, warn: line };
    watch = new CredentialWatch({
      read: () => read(),
      first,
      onChange: (credentials) => told.push(credentials),
      everyMs: 100,
      scanner: "clamav",
      logger,
    });
  });
  afterEach(() => {
    watch.stop();
    vi.useRealTimers();
  });
  const look = () => vi.advanceTimersByTimeAsync(100);

  it("tells nothing while nothing changes", async () => {
    await look();
    expect([told, lines]).toEqual([[], []]);
  });

  it("tells of what changed, once", async () => {
    read = () => Promise.resolve(field("second"));
    await look();
    await look();
    expect(told).toEqual([field("second")]);
    expect(lines).toEqual(["scanner's secrets have changed"]);
  });

  it("keeps quiet about what cannot be read, but for one line", async () => {
    read = () => Promise.reject(new Error("secret a/b/c is not there"));
    await look();
    await look();
    expect(told).toEqual([]);
    expect(lines).toEqual(["scanner's secrets cannot be used, the last ones stay"]);
  });

  it("tells of what was mended", async () => {
    read = () => Promise.reject(new Error("secret a/b/c is not there"));
    await look();
    read = () => Promise.resolve(field("second"));
    await look();
    expect(told).toEqual([field("second")]);
  });

  it("does not tell of what TLS cannot use", async () => {
    read = () =>
      Promise.resolve({
        tls: { certificate: { cert: "no", key: "PEM" }, minVersion: "TLSv1.2" },
      });
    await look();
    expect(told).toEqual([]);
    expect(lines).toHaveLength(1);
  });

  it("does not tell of a certificate whose key is not there yet", async () => {
    const tls = { ca, minVersion: "TLSv1.2" } as const;
    read = () =>
      Promise.resolve({ tls: { ...tls, certificate: { cert: one.cert, key: other.key } } });
    await look();
    expect(told).toEqual([]);
    read = () => Promise.resolve({ tls: { ...tls, certificate: other } });
    await look();
    expect(told).toHaveLength(1);
  });

  it("tells nothing once it is stopped, not even what it was reading", async () => {
    const { promise, resolve } = Promise.withResolvers<ScannerCredentials>();
    read = () => promise;
    await look();
    watch.stop();
    resolve(field("second"));
    await look();
    expect(told).toEqual([]);
  });

  it("does not look again before it is done", async () => {
    read = vi.fn(() => new Promise<ScannerCredentials>(() => {}));
    await look();
    await look();
    expect(read).toHaveBeenCalledTimes(1);
  });
});
