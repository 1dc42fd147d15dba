import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { accepts, freePort } from "../../support/free-port.ts";
import { icapField } from "../../support/icap-answer.ts";
import { icapHead, icapRequest, optionsRequest } from "../../support/icap-request.ts";
import { echoService, scriptedService } from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";

const services = [echoService()];
const options = optionsRequest("/echo");

it.each(["127.0.0.1", "::1"])("serves %s on a listener for all addresses", async (host) => {
  await using under = await ServerUnderTest.start({
    services,
    server: { icap: [{ host: undefined, port: 0 }] },
  });
  using connection = await under.connect({ host });
  await connection.send(options);
  expect((await connection.readAnswer()).status).toBe(200);
  expect(under.records).toMatchObject([{ peer: host }]);
});

it("serves several listeners", async () => {
  const icap = ["127.0.0.1", "127.0.0.2", "::1"].map((host) => ({ host, port: 0 }));
  await using under = await ServerUnderTest.start({ services, server: { icap } });
  const listeners = under.server.addresses().icap;
  expect(listeners.map((listener) => listener.host)).toEqual(icap.map(({ host }) => host));
  for (const { host, port } of listeners) {
    using connection = await under.connect({ host: host as string, port });
    await connection.send(options);
    expect((await connection.readAnswer()).status).toBe(200);
  }
});

it("rejects when a port is taken, with the listeners before it closed", async () => {
  await using taken = await ServerUnderTest.start({ services });
  const port = await freePort();
  const icap = [
    { host: "127.0.0.1", port },
    { host: "127.0.0.1", port: taken.port },
  ];
  await using under = await ServerUnderTest.create({ services, server: { icap } });
  await expect(under.server.start()).rejects.toThrow(/EADDRINUSE/);
  expect(await accepts(port)).toBe(false);
});

it("rejects when the certificate cannot be read, with the ICAP listener closed", async () => {
  const port = await freePort();
  await using under = await ServerUnderTest.create({
    services,
    server: {
      icap: [{ host: "127.0.0.1", port }],
      icaps: [{ host: "127.0.0.1", port: 0 }],
      tls: {
        certFile: "/nonexistent/tls.crt",
        keyFile: "/nonexistent/tls.key",
        clientCaFile: undefined,
        minVersion: "TLSv1.2",
        reloadMs: 1000,
        handshakeTimeoutMs: 60_000,
      },
    },
  });
  await expect(under.server.start()).rejects.toThrow(/ENOENT/);
  expect(await accepts(port)).toBe(false);
});

it("takes a health probe that connects and closes without a word about it [conformance 156]", async () => {
  await using under = await ServerUnderTest.start({ services });
  const probe = connect(under.port, "127.0.0.1");
  await once(probe, "connect");
  probe.end();
  probe.resume();
  await once(probe, "close");
  await under.until(() => under.metrics.closed === 1, "the connection's end");
  expect([under.logs, under.records, under.metrics.refused, under.metrics.parserErrors]).toEqual([
    [],
    [],
    [],
    [],
  ]);
});

describe("the number of connections", () => {
  it("is bounded in all: the next one is told 503 and closed [conformance 148]", async () => {
    await using under = await ServerUnderTest.start({
      services,
      server: { limits: { maxConnections: 1 } },
    });
    using first = await under.connect();
    await first.send(options);
    await first.readAnswer();
    using second = await under.connect({ host: "127.0.0.1" });
    const answer = await second.readAnswer();
    expect([answer.status, icapField(answer, "connection")]).toEqual([503, "close"]);
    expect(icapField(answer, "istag")).toMatch(/^".+"$/);
    await second.expectEnd();
    expect(under.metrics.refused).toEqual(["max-connections"]);
  });

  it("is bounded for each client address, and others are served", async () => {
    await using under = await ServerUnderTest.start({
      services,
      server: { icap: [{ host: undefined, port: 0 }], limits: { maxConnectionsPerClient: 1 } },
    });
    using first = await under.connect();
    await first.send(options);
    await first.readAnswer();
    using second = await under.connect();
    expect((await second.readAnswer()).status).toBe(503);
    using other = await under.connect({ host: "::1" });
    await other.send(options);
    expect((await other.readAnswer()).status).toBe(200);
    expect(under.metrics.refused).toEqual(["max-connections-per-client"]);
  });

  it("goes down when a connection ends", async () => {
    await using under = await ServerUnderTest.start({
      services,
      server: { limits: { maxConnections: 1 } },
    });
    const first = await under.connect();
    await first.send(options);
    await first.readAnswer();
    first.close();
    await under.until(() => under.metrics.closed === 1, "the first connection's end");
    using second = await under.connect();
    await second.send(options);
    expect((await second.readAnswer()).status).toBe(200);
  });

  it("does not go down when a refused connection ends", async () => {
    await using under = await ServerUnderTest.start({
      services,
      server: { limits: { maxConnections: 1 } },
    });
    using first = await under.connect();
    await first.send(options);
    await first.readAnswer();
    for (const closed of [1, 2]) {
      using refused = await under.connect();
      expect((await refused.readAnswer()).status).toBe(503);
      refused.close();
      await under.until(() => under.metrics.closed === closed, "the refused one's end");
    }
    expect(under.server.openConnections).toBe(1);
  });
});

describe("the end of a connection is announced at an answer", () => {
  it("when it has served as many requests as it may", async () => {
    await using under = await ServerUnderTest.start({ services, server: { maxRequests: 2 } });
    using connection = await under.connect();
    const closes: (string | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      await connection.send(options);
      closes.push(icapField(await connection.readAnswer(), "connection"));
    }
    expect(closes).toEqual(["keep-alive", "close"]);
    await connection.expectEnd();
  });

  it("when it has reached its age", async () => {
    await using under = await ServerUnderTest.start({
      services,
      server: { maxConnectionAgeMs: 1, timeouts: { headTimeoutMs: 40 } },
    });
    using connection = await under.connect();
    for (let closes: string | undefined = "keep-alive"; closes === "keep-alive"; ) {
      await connection.send(options);
      closes = icapField(await connection.readAnswer(), "connection");
    }
    await connection.expectEnd();
  });

  it("and not at all when there is no limit to its age", async () => {
    await using under = await ServerUnderTest.start({
      services,
      server: { maxConnectionAgeMs: 0 },
    });
    using connection = await under.connect();
    await connection.send(options);
    expect(icapField(await connection.readAnswer(), "connection")).toBe("keep-alive");
  });

  it("when the client asks for it", async () => {
    await using under = await ServerUnderTest.start({ services });
    using connection = await under.connect();
    await connection.send(optionsRequest("/echo", "Connection: close"));
    expect(icapField(await connection.readAnswer(), "connection")).toBe("close");
    await connection.expectEnd();
  });
});

it("answers as many pipelined requests as it may, then 400", async () => {
  await using under = await ServerUnderTest.start({ services, server: { pipelined: 3 } });
  using connection = await under.connect();
  await connection.send(options.repeat(6));
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await connection.readAnswer()).status);
  expect(statuses).toEqual([200, 200, 200, 200, 400]);
  await connection.expectEnd();
  expect(under.metrics.parserErrors).toEqual(["ICAP_ERR_PIPELINE"]);
});

it("answers pipelined requests in their order, their bodies not mixed [conformance 145]", async () => {
  await using under = await ServerUnderTest.start({ services: [scriptedService()] });
  using connection = await under.connect();
  const bodies = Array.from({ length: 20 }, (_, i) => `body number ${i} `.repeat(i * 50));
  const requests = bodies.map((body) =>
    icapRequest({ method: "RESPMOD", path: "/scripted", body }),
  );
  void connection.send(requests.join(""));
  for (const body of bodies) {
    expect((await connection.readAnswer()).body?.toString()).toBe(body);
  }
});

it("does not read on while a transaction is pending: the client is paused, little is held", async () => {
  const judged = Promise.withResolvers<void>();
  await using under = await ServerUnderTest.start({
    services: [
      scriptedService({
        judge: async () => {
          await judged.promise;
          return { kind: "unmodified", report: { cause: "none", fields: "" } };
        },
      }),
    ],
  });
  using connection = await under.connect();
  const request = icapRequest({ method: "REQMOD", path: "/scripted", body: "body" });
  const next = "y".repeat(30_000_000);
  const sent = connection.send(
    request,
    icapHead({ method: "REQMOD", path: "/scripted", body: next, fields: ["Allow: 204"] }),
    `${next.length.toString(16)}\r\n${next}\r\n0\r\n\r\n`,
  );
  let taken = false;
  void sent.then(() => {
    taken = true;
  });
  await under.until(() => under.metrics.started === 1, "the first transaction");
  // Others are served meanwhile, so that whatever could be read has been read.
  using other = await under.connect();
  for (let i = 0; i < 50; i++) {
    await other.send(optionsRequest("/scripted"));
    await other.readAnswer();
  }
  expect(taken).toBe(false);
  expect(under.metrics.received).toBeLessThan(200_000);
  judged.resolve();
  expect((await connection.readAnswer()).body?.toString()).toBe("body");
  expect((await connection.readAnswer()).status).toBe(204);
});
