/** The load generator must see what a server does wrong: otherwise its figures mean nothing. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { type LoadOptions, runLoad } from "../../bench/load-run.ts";
import { buildLoadGenerator, isInstalled } from "../../bench/toolchain.ts";

const bodyBytes = 3000;

/** Serves echo requests of one chunk, with `spoil` applied to what is sent back. */
async function withEchoServer<T>(
  spoil: (answer: string) => string,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      if (!received.endsWith("\r\n0\r\n\r\n")) return;
      const body = /\r\n(?<chunk>[0-9a-f]+\r\n.{2000,})$/s.exec(received)?.groups?.["chunk"] ?? "";
      received = "";
      socket.write(spoil(`ICAP/1.0 200 OK\r\nEncapsulated: res-body=0\r\n\r\n${body}`), "latin1");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const load = (port: number, options: Partial<LoadOptions> = {}) =>
  runLoad(
    { program: buildLoadGenerator(), placement: [] },
    {
      port,
      service: "echo",
      mode: "echo",
      body: bodyBytes,
      connections: 2,
      requests: 20,
      expect: 200,
      unique: true,
      ...options,
    },
  );

describe.skipIf(!isInstalled("gcc"))("the load generator (needs gcc)", () => {
  it("sends exactly as many requests as it is told", async () => {
    const report = await withEchoServer((answer) => answer, load);
    expect(report).toMatchObject({ requests: 20, failures: 0, statuses: { 200: 20 } });
  });

  it("reads split answers of a slow reader to the last byte", async () => {
    const report = await withEchoServer(
      (answer) => answer,
      (port) => load(port, { requests: 3, readRate: 20_000 }),
    );
    expect(report).toMatchObject({ requests: 3, failures: 0 });
  });

  it("refuses a body of which one byte differs", async () => {
    const spoiled = withEchoServer((answer) => {
      const middle = answer.length - 1000;
      return `${answer.slice(0, middle)}#${answer.slice(middle + 1)}`;
    }, load);
    await expect(spoiled).rejects.toThrow("a body byte differs");
  });

  it("refuses the body of another request", async () => {
    let first: string | undefined;
    const spoiled = withEchoServer((answer) => {
      first ??= answer;
      return first;
    }, load);
    await expect(spoiled).rejects.toThrow("a body byte differs");
  });

  it("refuses a body that ends early", async () => {
    const spoiled = withEchoServer(
      (answer) => answer.replace(/\r\n\r\n.*$/s, "\r\n\r\n0\r\n\r\n"),
      load,
    );
    await expect(spoiled).rejects.toThrow("wrong answers");
  });

  it("refuses bytes behind the end of an answer", async () => {
    const spoiled = withEchoServer((answer) => `${answer}x`, load);
    await expect(spoiled).rejects.toThrow("bytes after the end of the answer");
  });

  it("refuses another status than expected", async () => {
    const spoiled = withEchoServer(
      (answer) => answer,
      (port) => load(port, { expect: 204 }),
    );
    await expect(spoiled).rejects.toThrow("wrong answers");
  });
});
