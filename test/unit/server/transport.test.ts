import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { type Reader, readByEvents, readFrom } from "../../../src/server/transport.ts";

/** A connection whose server side is read by `reader` in the way under test. */
async function open(read: typeof readFrom, reader: Reader) {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect(port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  const socket = read(accepted, reader);
  return {
    client,
    socket,
    server,
    [Symbol.dispose]() {
      client.destroy();
      socket.destroy();
      server.close();
    },
  };
}

describe.each([
  ["into one buffer", readFrom],
  ["by events", readByEvents],
] as const)("reading %s", (_how, read) => {
  it("takes all bytes in their order", async () => {
    const sent = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 7 + (i >> 9)));
    const pieces: Buffer[] = [];
    using ends = await open(read, (bytes, length) => {
      pieces.push(Buffer.from(bytes.subarray(0, length)));
      return true;
    });
    ends.client.end(sent);
    await once(ends.socket, "end");
    expect(Buffer.concat(pieces).equals(sent)).toBe(true);
  });

  it("stops when the reader says so, and goes on when told to", async () => {
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    const texts: string[] = [];
    using ends = await open(read, (bytes, length) => {
      texts.push(bytes.toString("latin1", 0, length));
      (texts.length === 1 ? first : second).resolve();
      return texts.length > 1;
    });
    ends.client.write("one");
    await first.promise;
    ends.client.write("two");
    // A whole exchange on another connection passes meanwhile.
    using other = await open(read, () => true);
    other.client.end();
    await once(other.socket, "end");
    expect(texts).toEqual(["one"]);
    ends.socket.resume();
    await second.promise;
    expect(texts).toEqual(["one", "two"]);
  });

  it("tells the end of the other side and can still write", async () => {
    using ends = await open(read, () => true);
    ends.client.end();
    await once(ends.socket, "end");
    ends.socket.end("answer");
    const [bytes] = (await once(ends.client, "data")) as [Buffer];
    expect(bytes.toString()).toBe("answer");
  });

  it("lets the listener close once the connection has", async () => {
    using ends = await open(read, () => true);
    const closed = once(ends.server.close(), "close");
    ends.client.destroy();
    ends.socket.destroy();
    await closed;
  });
});
