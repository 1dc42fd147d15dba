import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { IcapClient, IcapClientError, type ServiceUrl } from "../../../src/client/index.ts";
import { ScriptedServer } from "./scripted-server.ts";

const client = (url: ServiceUrl): IcapClient =>
  new IcapClient({ url, connectTimeoutMs: 5000, idleTimeoutMs: 5000, userAgent: "test" });

async function* body(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

const bytes = (text: string) => ({ body: body(text) });

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof IcapClientError)) throw error;
  return error.code;
}

describe("the client", () => {
  it("hangs up when the caller wants the answer no more", async () => {
    const stop = new AbortController();
    const closed = Promise.withResolvers<void>();
    await using server = await ScriptedServer.start(async (peer) => {
      peer.socket.on("close", () => closed.resolve());
      await peer.receive("0\r\n\r\n");
      stop.abort();
    });
    const request = client(server.url).respmod({ ...bytes("x"), signal: stop.signal });
    expect(await failure(request)).toBe("aborted");
    await closed.promise;
  });

  it("does not connect for a caller who has gone", async () => {
    await using server = await ScriptedServer.start();
    const request = client(server.url).options({ signal: AbortSignal.abort() });
    expect(await failure(request)).toBe("aborted");
    expect(server.connections).toBe(0);
  });

  it("reads on only when the listener has room", async () => {
    const size = 4 * 1024 * 1024;
    const room = Promise.withResolvers<void>();
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.receive("0\r\n\r\n");
      peer.send(`ICAP/1.0 200 OK\r\nEncapsulated: res-body=0\r\n\r\n${size.toString(16)}\r\n`);
      peer.socket.write(Buffer.alloc(size));
      peer.send("\r\n0\r\n\r\n");
    });
    const first = Promise.withResolvers<void>();
    let received = 0;
    const answer = client(server.url).respmod({
      ...bytes("x"),
      onBody: (piece) => {
        received += piece.length;
        first.resolve();
        return received < size ? room.promise : undefined;
      },
    });
    await first.promise;
    for (let turn = 0; turn < 100; turn += 1) await setImmediate();
    // One read of the socket.
    expect(received).toBeLessThanOrEqual(64 * 1024);
    room.resolve();
    expect((await answer).bodyBytes).toBe(size);
  });
});
