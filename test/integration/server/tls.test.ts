import { once } from "node:events";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TlsOptions } from "../../../src/server/index.ts";
import type { Service } from "../../../src/services/index.ts";
import { type Certificate, CertificateAuthority } from "../../support/certificate-authority.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { icapRequest, optionsRequest, ownHead } from "../../support/icap-request.ts";
import { echoService, scriptedService, unmodifiedOutcome } from "../../support/scripted-service.ts";
import { type ServerChanges, ServerUnderTest } from "../../support/server-under-test.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const options = optionsRequest("/echo");
const defaultServices = [echoService(), scriptedService()];

let authority: CertificateAuthority;
let certificates: Certificate[];
let client: Certificate;
let strangers: CertificateAuthority;
let stranger: Certificate;

beforeAll(async () => {
  authority = await CertificateAuthority.create();
  strangers = await CertificateAuthority.create();
  certificates = [await authority.issue("IP:127.0.0.1"), await authority.issue("IP:127.0.0.1")];
  client = await authority.issueClient("DNS:client.test");
  stranger = await strangers.issueClient("DNS:client.test");
});
afterAll(() => {
  authority.remove();
  strangers.remove();
});

/** Files as Kubernetes mounts a Secret: links through `..data`, which is swapped as a whole. */
class MountedSecret {
  readonly #directory = new TempDirectory();
  #generation = 0;

  constructor(certificate: Certificate) {
    this.replace(certificate);
    for (const name of ["tls.crt", "tls.key"]) {
      symlinkSync(`..data/${name}`, this.#directory.join(name));
    }
  }

  get files(): Pick<TlsOptions, "certFile" | "keyFile"> {
    return { certFile: this.#directory.join("tls.crt"), keyFile: this.#directory.join("tls.key") };
  }

  replace({ cert, key }: Certificate): void {
    const generation = `..${this.#generation++}`;
    mkdirSync(this.#directory.join(generation));
    writeFileSync(this.#directory.join(generation, "tls.crt"), cert);
    writeFileSync(this.#directory.join(generation, "tls.key"), key);
    symlinkSync(generation, this.#directory.join("..data_tmp"));
    renameSync(this.#directory.join("..data_tmp"), this.#directory.join("..data"));
  }

  remove(): void {
    this.#directory.remove();
  }
}

interface Setup {
  readonly tls?: Partial<TlsOptions>;
  readonly server?: ServerChanges;
  readonly services?: readonly Service[];
}

async function start({ tls, server, services = defaultServices }: Setup = {}) {
  const secret = new MountedSecret(certificates[0] as Certificate);
  const under = await ServerUnderTest.start({
    services,
    server: {
      icap: [],
      icaps: [{ host: "127.0.0.1", port: 0 }],
      tls: {
        ...secret.files,
        clientCaFile: undefined,
        minVersion: "TLSv1.2",
        reloadMs: 10,
        handshakeTimeoutMs: 10_000,
        ...tls,
      },
      ...server,
    },
  });
  return {
    under,
    secret,
    connect: (more: object = {}) => under.connect({ ca: authority.cert, ...more }),
    [Symbol.asyncDispose]: async () => {
      await under.close();
      secret.remove();
    },
  };
}

/** Resolves when the server has ended the connection: closed, or reset while something was under way to it. */
function ended(socket: Socket): Promise<void> {
  socket.on("error", () => {}).resume();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

async function isServed(connection: IcapConnection): Promise<boolean> {
  await connection.send(options);
  return (await connection.readAnswer()).status === 200;
}

/** Serial number of the certificate that a new handshake is shown. */
async function servedSerial(port: number): Promise<string> {
  const socket: TLSSocket = connectTls({ port, host: "127.0.0.1", ca: authority.cert });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

it("serves ICAP behind TLS, a long body byte for byte", async () => {
  await using server = await start();
  using connection = await server.connect();
  const body = "0123456789".repeat(300_000);
  void connection.send(icapRequest({ method: "RESPMOD", path: "/echo", body }));
  const answer = await connection.readAnswer();
  expect(answer.responseHead).toBe(ownHead("RESPMOD"));
  expect(answer.body?.toString()).toBe(body);
});

it("serves ICAP and ICAPS at the same time, each on its port", async () => {
  await using server = await start({ server: { icap: [{ host: "127.0.0.1", port: 0 }] } });
  using plain = await server.under.connect();
  using secure = await server.connect({ port: server.under.tlsPort });
  expect([await isServed(plain), await isServed(secure)]).toEqual([true, true]);
});

it("refuses a handshake below the least version", async () => {
  await using server = await start({ tls: { minVersion: "TLSv1.3" } });
  await expect(server.connect({ tls: { maxVersion: "TLSv1.2" } })).rejects.toThrow();
  using connection = await server.connect({ tls: { minVersion: "TLSv1.3" } });
  expect(await isServed(connection)).toBe(true);
  expect(server.under.metrics.refused).toEqual(["tls-handshake"]);
});

describe("with an authority for clients", () => {
  const mutual = (): Setup => ({ tls: { clientCaFile: authority.certFile } });

  it("serves a client that shows a certificate of it", async () => {
    await using server = await start(mutual());
    using connection = await server.connect({ tls: client });
    expect(await isServed(connection)).toBe(true);
  });

  it.each([
    ["without a certificate", () => ({})],
    ["with a certificate of another authority", () => stranger],
  ])("does not serve a client %s", async (_, tls) => {
    await using server = await start(mutual());
    // With TLS 1.3 a client hears of the refusal after its own handshake.
    const connection = await server.connect({ tls: tls() });
    await connection.send(options).catch(() => {});
    await expect(connection.readAnswer()).rejects.toThrow();
    expect(server.under.records).toEqual([]);
    expect(server.under.metrics.refused).toEqual(["tls-handshake"]);
  });
});

it("ends a connection that speaks plain ICAP to it [conformance 155]", async () => {
  await using server = await start();
  using connection = await server.under.connect({ port: server.under.tlsPort });
  await connection.send(options);
  await connection.readToEnd();
  await server.under.until(() => server.under.metrics.refused.length > 0, "the refusal");
  expect(server.under.metrics.refused).toEqual(["tls-handshake"]);
});

it("answers a client that has ended its side behind its request", async () => {
  const { promise, resolve } = Promise.withResolvers<typeof unmodifiedOutcome>();
  await using server = await start({ services: [scriptedService({ judge: () => promise })] });
  using connection = await server.connect();
  const fields = ["Allow: 204"];
  await connection.send(icapRequest({ method: "REQMOD", path: "/scripted", fields, body: "x" }));
  connection.endSending();
  // A handshake and an exchange behind it: by then the server has seen that end.
  using other = await server.connect();
  await other.send(optionsRequest("/scripted"));
  await other.readAnswer();
  resolve(unmodifiedOutcome);
  expect((await connection.readAnswer()).status).toBe(204);
});

it("lets a health probe go that connects and closes, without a word about it [conformance 156]", async () => {
  await using server = await start({ tls: { handshakeTimeoutMs: 3_600_000 } });
  const probe = connect(server.under.tlsPort, "127.0.0.1");
  await once(probe, "connect");
  probe.end();
  probe.resume();
  await once(probe, "close");
  // Handshakes of its successor follow on the same event loop.
  using connection = await server.connect();
  expect(await isServed(connection)).toBe(true);
  expect(server.under.metrics.refused).toEqual([]);
  expect(server.under.logs).toEqual([]);
});

it("ends a handshake that does not come to its end in time", async () => {
  await using server = await start({ tls: { handshakeTimeoutMs: 60 } });
  using connection = await server.under.connect({ port: server.under.tlsPort });
  await connection.send(Buffer.from([0x16, 0x03, 0x01]));
  await connection.expectEnd();
});

it("ends a handshake that comes a byte now and then", async () => {
  await using server = await start({ tls: { handshakeTimeoutMs: 80 } });
  const socket = connect(server.under.tlsPort, "127.0.0.1");
  const hello = Buffer.concat([
    Buffer.from([0x16, 0x03, 0x01, 0x3f, 0xff, 0x01]),
    Buffer.alloc(100),
  ]);
  const drip = setInterval(() => socket.write(hello.subarray(0, 1)), 10);
  socket.write(hello.subarray(0, 6));
  await ended(socket);
  clearInterval(drip);
});

it("lets only so many handshakes run at the same time", async () => {
  await using server = await start({ server: { limits: { maxConnections: 2 } } });
  const idle: Socket[] = [];
  for (let i = 0; i < 2; i++) {
    const socket = connect(server.under.tlsPort, "127.0.0.1");
    await once(socket, "connect");
    idle.push(socket);
  }
  await ended(connect(server.under.tlsPort, "127.0.0.1"));
  expect(server.under.metrics.refused).toEqual(["max-connections"]);
  for (const socket of idle) socket.destroy();
});

it("ends handshakes under way when it is closed", async () => {
  await using server = await start();
  using connection = await server.under.connect({ port: server.under.tlsPort });
  // The server has accepted the one before when it serves the one behind it.
  using other = await server.connect();
  expect(await isServed(other)).toBe(true);
  server.under.server.close();
  await connection.expectEnd();
});

describe("when the certificate files change", () => {
  it("new handshakes see the new certificate, and connections live on", async () => {
    await using server = await start();
    const { under, secret } = server;
    using existing = await server.connect();
    const before = await servedSerial(under.tlsPort);
    secret.replace(certificates[1] as Certificate);
    await under.until(() => under.logged("info").includes("TLS certificate reloaded"), "a reload");
    expect(await servedSerial(under.tlsPort)).not.toBe(before);
    expect(await isServed(existing)).toBe(true);
  });

  it("a pair that does not fit is refused, logged, and the old one kept", async () => {
    await using server = await start();
    const { under, secret } = server;
    const before = await servedSerial(under.tlsPort);
    const { cert } = certificates[1] as Certificate;
    const { key } = certificates[0] as Certificate;
    secret.replace({ cert, key });
    await under.until(() => under.logged("error").length > 0, "the refusal");
    expect(under.logged("error")).toEqual(["TLS certificate not usable, keeping the old one"]);
    expect(await servedSerial(under.tlsPort)).toBe(before);
  });

  it("a good pair behind a broken one is taken", async () => {
    await using server = await start();
    const { under, secret } = server;
    secret.replace({ cert: "no certificate", key: "no key" });
    await under.until(() => under.logged("error").length > 0, "the refusal");
    secret.replace(certificates[1] as Certificate);
    await under.until(() => under.logged("info").length > 0, "the reload");
    using connection = await server.connect();
    expect(await isServed(connection)).toBe(true);
  });
});

describe("behind a proxy that speaks PROXY protocol", () => {
  const trusting = { server: { trustedProxies: ["127.0.0.1"] } };
  const preface = "PROXY TCP4 192.0.2.7 127.0.0.1 4096 11344\r\n";

  it("takes the client's address from before the handshake", async () => {
    await using server = await start(trusting);
    using connection = await server.connect({ preface: [preface] });
    expect(await isServed(connection)).toBe(true);
    expect(server.under.records).toMatchObject([{ peer: "192.0.2.7" }]);
  });

  it("takes it byte by byte", async () => {
    await using server = await start(trusting);
    using connection = await server.connect({ preface: [...preface] });
    expect(await isServed(connection)).toBe(true);
    expect(server.under.records).toMatchObject([{ peer: "192.0.2.7" }]);
  });

  it("closes a connection without a preface, and counts it", async () => {
    await using server = await start(trusting);
    await expect(server.connect()).rejects.toThrow();
    expect(server.under.metrics.refused).toEqual(["proxy-protocol"]);
  });

  it("closes a connection whose preface does not come in time", async () => {
    await using server = await start({ ...trusting, tls: { handshakeTimeoutMs: 60 } });
    using connection = await server.under.connect({ port: server.under.tlsPort });
    await connection.send("PROXY ");
    await connection.expectEnd();
  });

  it("counts the client's connections by that address", async () => {
    await using server = await start({
      server: { ...trusting.server, limits: { maxConnectionsPerClient: 1 } },
    });
    using first = await server.connect({ preface: [preface] });
    expect(await isServed(first)).toBe(true);
    using second = await server.connect({ preface: [preface] });
    expect((await second.readAnswer()).status).toBe(503);
  });
});
