import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type RequestOptions, request } from "node:https";
import { connect, createSecureContext } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ServerAccess } from "../../../src/scanners/serve/server-access.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { CertificateAuthority } from "../../support/certificate-authority.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { FakeEngine, readAll, serving } from "./fake-engine.ts";

let directory: TempDirectory;
beforeAll(() => {
  directory = new TempDirectory();
});
afterAll(() => directory.remove());

function file(name: string, content: string): string {
  writeFileSync(directory.join(name), content);
  return directory.join(name);
}

describe("a scanner with bearer tokens", () => {
  const start = () =>
    serving(new FakeEngine(readAll), { access: { tokenFile: file("tokens", "old\nnew\n") } });

  it.each([
    [200, { Authorization: "Bearer old" }],
    [200, { Authorization: "bearer new" }],
    [401, { Authorization: "Bearer ne" }],
    [401, { Authorization: "Basic old" }],
    [401, {}],
  ])("answers a scan with %d for %j", async (status, headers) => {
    await using scanner = await start();
    const response = await fetch(scanner.url(), { method: "POST", body: "x", headers });
    expect(response.status).toBe(status);
  });

  it("says how to authenticate", async () => {
    await using scanner = await start();
    const response = await fetch(scanner.url("/v1/info"));
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  });

  it.each(["/healthz", "/readyz", "/metrics"])("shows %s to everybody", async (path) => {
    await using scanner = await start();
    expect((await fetch(scanner.url(path))).status).toBe(200);
  });

  it("does not start with a file that has none", async () => {
    const tokenFile = file("no-tokens", "\n");
    const started = serving(new FakeEngine(readAll), { access: { tokenFile } });
    await expect(started).rejects.toThrow("the token file has no token");
  });

  it("takes new tokens from the file, and the old ones no more", async () => {
    const tokenFile = file("rotated", "first");
    const changed = vi.fn();
    const access = await ServerAccess.open(
      { tokenFile },
      { logger: { ...silentLogger, info: changed }, onTls: () => {}, pollMs: 5 },
    );
    const asks = (token: string) => () =>
      access.check({ headers: { authorization: `Bearer ${token}` } } as never);
    expect(asks("first")).not.toThrow();
    writeFileSync(tokenFile, "second");
    await expect.poll(() => changed).toHaveBeenCalled();
    expect(asks("second")).not.toThrow();
    expect(asks("first")).toThrow("a bearer token is needed");
    access.close();
  });

  it("keeps the old tokens while the file is of no use, and says so once", async () => {
    const tokenFile = file("broken", "first");
    const error = vi.fn();
    const access = await ServerAccess.open(
      { tokenFile },
      { logger: { ...silentLogger, error }, onTls: () => {}, pollMs: 5 },
    );
    writeFileSync(tokenFile, "");
    await expect.poll(() => error).toHaveBeenCalled();
    const request = { headers: { authorization: "Bearer first" } } as never;
    expect(() => access.check(request)).not.toThrow();
    access.close();
  });
});

describe("a scanner with TLS", () => {
  let authority: CertificateAuthority;
  let tls: { certFile: string; keyFile: string };
  let client: { key: string; cert: string };
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    const { cert, key } = await authority.issue("IP:127.0.0.1");
    tls = { certFile: file("cert.pem", cert), keyFile: file("key.pem", key) };
    client = await authority.issueClient("DNS:sluice");
  });
  afterAll(() => authority.remove());

  async function statusOf(url: string, options: RequestOptions = {}): Promise<number | undefined> {
    const asked = request(url, { ca: authority.cert, agent: false, ...options });
    asked.end();
    const [response] = await once(asked, "response");
    response.resume();
    return response.statusCode;
  }

  it("is reached by those who know its authority", async () => {
    await using scanner = await serving(new FakeEngine(readAll), { access: { tls } });
    expect(await statusOf(scanner.url(), { method: "POST" })).toBe(200);
  });

  it("speaks nothing older than TLS 1.2", async () => {
    await using scanner = await serving(new FakeEngine(readAll), { access: { tls } });
    const socket = connect({
      port: scanner.server.address.port,
      ca: authority.cert,
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    await expect(once(socket, "secureConnect")).rejects.toThrow(/version|alert/i);
  });

  it.each([
    [403, "without one", false],
    [200, "with one", true],
  ])("answers %d to a client %s when certificates are asked for", async (status, _, shows) => {
    const access = { tls: { ...tls, clientCaFile: authority.certFile } };
    await using scanner = await serving(new FakeEngine(readAll), { access });
    const own = shows ? client : {};
    expect(await statusOf(scanner.url(), { method: "POST", ...own })).toBe(status);
  });

  it("answers 403 to a client that resumes a session it began without a certificate", async () => {
    const access = { tls: { ...tls, clientCaFile: authority.certFile } };
    await using scanner = await serving(new FakeEngine(readAll), { access });
    const { port } = scanner.server.address;
    const own = { port, host: "127.0.0.1", ca: authority.cert, servername: "" };
    const probe = connect(own);
    probe.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    const [session] = await once(probe, "session");
    probe.destroy();
    const again = connect({ ...own, session });
    await once(again, "secureConnect");
    const isReused = again.isSessionReused();
    again.write("GET /v1/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const [answer] = await once(again, "data");
    again.destroy();
    expect([isReused, String(answer).split("\r\n", 1)[0]]).toEqual([
      true,
      "HTTP/1.1 403 Forbidden",
    ]);
  });

  it("shows its health to probes, which have no certificate", async () => {
    const access = { tls: { ...tls, clientCaFile: authority.certFile } };
    await using scanner = await serving(new FakeEngine(readAll), { access });
    expect(await statusOf(scanner.url("/healthz"))).toBe(200);
  });

  it("is given a certificate that has changed, and keeps the old one while half of it has", async () => {
    const own = {
      certFile: file("own.pem", readFileSync(tls.certFile, "utf8")),
      keyFile: file("own.key", readFileSync(tls.keyFile, "utf8")),
    };
    const onTls = vi.fn((credentials) => void createSecureContext(credentials));
    const error = vi.fn();
    const logger = { ...silentLogger, error };
    const access = await ServerAccess.open({ tls: own }, { logger, onTls, pollMs: 5 });
    const old = access.tls;
    const { cert, key } = await authority.issue("IP:127.0.0.1");
    writeFileSync(own.certFile, cert);
    await expect.poll(() => error).toHaveBeenCalledOnce();
    expect(access.tls).toBe(old);
    writeFileSync(own.keyFile, key);
    await expect.poll(() => access.tls).toMatchObject({ cert, key });
    access.close();
  });

  it("does not start with a key that is missing", async () => {
    const access = { tls: { ...tls, keyFile: directory.join("none") } };
    await expect(serving(new FakeEngine(readAll), { access })).rejects.toThrow("ENOENT");
  });
});
