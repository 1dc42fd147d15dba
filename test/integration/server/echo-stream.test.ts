import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EchoReader } from "../../support/echo-reader.ts";
import { icapHead, icapRequest, ownHead } from "../../support/icap-request.ts";
import { echoService, scriptedService } from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";

const method = "RESPMOD";
const MiB = 1024 * 1024;

let under: ServerUnderTest;
beforeAll(async () => {
  under = await ServerUnderTest.start({ services: [echoService(), scriptedService()] });
});
afterAll(() => under.close());

/** Writes the pieces as the server takes them, reads with a pause behind each read if asked to. */
async function echo(path: string, pieces: Iterable<Buffer | string>, slowly: boolean) {
  const socket = connect(under.port, "127.0.0.1");
  const reader = new EchoReader();
  const ended = Promise.withResolvers<void>();
  socket.on("data", (bytes) => {
    reader.take(bytes, ownHead(method).length);
    if (reader.ended) ended.resolve();
    if (!slowly) return;
    socket.pause();
    setTimeout(() => socket.resume(), 1);
  });
  socket.on("close", () => ended.reject(new Error("closed before the end")));
  socket.write(icapHead({ method, path, body: "" }), "latin1");
  void send(socket, pieces);
  await ended.promise;
  socket.destroy();
  return reader;
}

async function send(socket: Socket, pieces: Iterable<Buffer | string>): Promise<void> {
  for (const piece of pieces) {
    if (!socket.write(piece, "latin1")) await once(socket, "drain");
  }
}

/** Chunks of the sizes in turn, until there are `total` bytes, and what they hash to. */
function chunked(total: number, sizes: readonly number[]) {
  const hash = createHash("sha256");
  function* pieces(): Generator<Buffer | string> {
    for (let sent = 0, i = 0; sent < total; i++) {
      const size = Math.min(sizes[i % sizes.length] as number, total - sent);
      const data = Buffer.alloc(size, `${i}.`);
      hash.update(data);
      sent += size;
      yield `${size.toString(16)}\r\n`;
      yield data;
      yield "\r\n";
    }
    yield lastChunk;
  }
  return { pieces: pieces(), sha256: () => hash.digest("hex") };
}

describe.each([
  ["echoed at once", "/echo"],
  ["kept in a file first", "/scripted"],
])("50 MB %s come back byte for byte", (_how, path) => {
  const total = 50 * MiB + 4321;
  const oddSizes = [65_536, 65_535, 7, 131_073, 1, 99_991, 16, 262_144];

  it("to a quick reader", async () => {
    const { pieces, sha256 } = chunked(total, oddSizes);
    const answer = await echo(path, pieces, false);
    expect(answer.bodyBytes).toBe(total);
    expect(answer.sha256()).toBe(sha256());
  });

  it("to a slow reader [conformance 81]", async () => {
    const { pieces, sha256 } = chunked(total, oddSizes);
    const answer = await echo(path, pieces, true);
    expect(answer.bodyBytes).toBe(total);
    expect(answer.sha256()).toBe(sha256());
  });
});

it.each(["/echo", "/scripted"])(
  "many chunks of one byte come back through %s [conformance 82]",
  async (path) => {
    const { pieces, sha256 } = chunked(100_000, [1]);
    const answer = await echo(path, [[...pieces].join("")], false);
    expect(answer.sha256()).toBe(sha256());
  },
);

it("a request that comes byte by byte comes back byte for byte [conformance 80]", async () => {
  using connection = await under.connect();
  const request = icapHead({ method, path: "/echo", body: "" }) + chunk("abc") + chunk("d");
  for (const byte of request + lastChunk) await connection.send(byte);
  const answer = await connection.readAnswer();
  expect(answer.responseHead).toBe(ownHead(method));
  expect(answer.body?.toString()).toBe("abcd");
});

it("concurrent echoes do not meet [conformance 147]", async () => {
  const bodies = Array.from({ length: 60 }, (_, i) => `${i};`.repeat(10_000 + i * 997));
  const echoed = await Promise.all(
    bodies.map(async (body) => {
      using connection = await under.connect();
      void connection.send(icapRequest({ method, path: "/echo", body }));
      return (await connection.readAnswer()).body?.toString();
    }),
  );
  expect(echoed).toEqual(bodies);
});

it("concurrent answers with a new beginning do not meet", async () => {
  const outcome = {
    kind: "modified",
    head: "HTTP/1.1 200 Changed\r\n\r\n",
    report: { cause: "none", fields: "" },
  } as const;
  await using other = await ServerUnderTest.start({
    services: [
      scriptedService({
        judge: async (received) => {
          const prefix = received.kind === "complete" ? received.body.head.subarray(0, 8) : "";
          return { ...outcome, body: { kind: "original", prefix: Buffer.from(prefix), offset: 0 } };
        },
      }),
    ],
    spool: { memoryBytes: 1024 },
  });
  const bodies = Array.from({ length: 40 }, (_, i) => `body${i}`.padEnd(8, "-").repeat(3000));
  const answers = await Promise.all(
    bodies.map(async (body) => {
      using connection = await other.connect();
      await connection.send(icapRequest({ method, path: "/scripted", body }));
      return (await connection.readAnswer()).body?.toString();
    }),
  );
  expect(answers).toEqual(bodies.map((body) => body.slice(0, 8) + body));
});
