import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { AdminServer, type AdminSources, type Readiness } from "../../../src/admin/index.ts";
import { type Logger, silentLogger } from "../../../src/telemetry/index.ts";

const ready: Readiness = { ready: true, reasons: [] };

class RunningAdmin implements AsyncDisposable {
  readonly #server: AdminServer;

  private constructor(server: AdminServer) {
    this.#server = server;
  }

  static async start(sources: Partial<AdminSources> = {}, logger: Logger = silentLogger) {
    const server = new AdminServer({
      host: "127.0.0.1",
      port: 0,
      sources: { readiness: () => ready, metrics: async () => "a 1\n", ...sources },
      logger,
    });
    await server.start();
    return new RunningAdmin(server);
  }

  get port(): number {
    return this.#server.address.port;
  }

  get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

describe("the admin port", () => {
  it("tells that it is alive", async () => {
    await using admin = await RunningAdmin.start();
    const response = await admin.get("/livez");
    expect([response.status, await response.text()]).toEqual([200, "ok\n"]);
  });

  it("tells that traffic may come", async () => {
    await using admin = await RunningAdmin.start();
    const response = await admin.get("/readyz");
    expect([response.status, await response.json()]).toEqual([200, ready]);
  });

  it("tells why no traffic should come", async () => {
    const draining = { ready: false, reasons: ["draining"] };
    await using admin = await RunningAdmin.start({ readiness: () => draining });
    const response = await admin.get("/readyz");
    expect([response.status, await response.json()]).toEqual([503, draining]);
  });

  it("asks anew at each request", async () => {
    let isReady = false;
    await using admin = await RunningAdmin.start({
      readiness: () => ({ ready: isReady, reasons: [] }),
    });
    const before = await admin.get("/readyz");
    isReady = true;
    const after = await admin.get("/readyz");
    expect([before.status, after.status]).toEqual([503, 200]);
  });

  it("serves metrics in the format of Prometheus", async () => {
    await using admin = await RunningAdmin.start();
    const response = await admin.get("/metrics");
    expect([response.headers.get("content-type"), await response.text()]).toEqual([
      "text/plain; version=0.0.4; charset=utf-8",
      "a 1\n",
    ]);
  });

  it("lists its paths", async () => {
    await using admin = await RunningAdmin.start();
    expect(await (await admin.get("/")).text()).toMatch(/\/livez.*\/readyz.*\/metrics/s);
  });

  it("does not mind a query", async () => {
    await using admin = await RunningAdmin.start();
    expect((await admin.get("/livez?verbose")).status).toBe(200);
  });

  it("answers HEAD without a body", async () => {
    await using admin = await RunningAdmin.start();
    const response = await admin.get("/metrics", { method: "HEAD" });
    expect([response.headers.get("content-length"), await response.text()]).toEqual(["4", ""]);
  });

  it("knows no other path", async () => {
    await using admin = await RunningAdmin.start();
    expect((await admin.get("/metrics/")).status).toBe(404);
  });

  it("changes nothing", async () => {
    await using admin = await RunningAdmin.start();
    const response = await admin.get("/readyz", { method: "POST", body: "x" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("does not wait for a body that nobody asked for", async () => {
    await using admin = await RunningAdmin.start();
    const socket = connect(admin.port, "127.0.0.1");
    socket.write("GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    let received = "";
    for await (const bytes of socket) received += bytes;
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n/s);
  });

  it("keeps nothing in caches", async () => {
    await using admin = await RunningAdmin.start();
    expect((await admin.get("/readyz")).headers.get("cache-control")).toBe("no-store");
  });

  it("refuses a head beyond 8 KiB", async () => {
    await using admin = await RunningAdmin.start();
    const response = await admin.get("/livez", { headers: { "X-Long": "x".repeat(9000) } });
    expect(response.status).toBe(431);
  });

  it("logs what goes wrong and says no more than that", async () => {
    const errors: unknown[] = [];
    const err = new Error("secret detail");
    await using admin = await RunningAdmin.start(
      { metrics: () => Promise.reject(err) },
      { ...silentLogger, error: (message, fields) => errors.push([message, fields]) },
    );
    const response = await admin.get("/metrics");
    expect([response.status, await response.text(), errors]).toEqual([
      500,
      "internal error\n",
      [["admin request failed", { err }]],
    ]);
  });

  it("ends with open connections", async () => {
    const admin = await RunningAdmin.start();
    const socket = connect(admin.port, "127.0.0.1");
    await once(socket, "connect");
    socket.on("error", () => {});
    const closed = once(socket, "close");
    await admin.stop();
    await closed;
    await expect(admin.stop()).resolves.toBeUndefined();
  });

  it("says when its address is taken", async () => {
    await using admin = await RunningAdmin.start();
    const sources = { readiness: () => ready, metrics: async () => "" };
    const logger = silentLogger;
    const second = new AdminServer({ host: "127.0.0.1", port: admin.port, sources, logger });
    await expect(second.start()).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("listens on all addresses when none is given", async () => {
    const sources = { readiness: () => ready, metrics: async () => "" };
    const server = new AdminServer({ host: undefined, port: 0, sources, logger: silentLogger });
    await server.start();
    const response = await fetch(`http://127.0.0.1:${server.address.port}/livez`);
    await server.stop();
    expect(response.status).toBe(200);
  });
});
