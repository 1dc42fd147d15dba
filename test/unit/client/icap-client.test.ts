import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import {
  type ClientErrorCode,
  IcapClient,
  IcapClientError,
  type IcapClientOptions,
  parseServiceUrl,
  type ServiceUrl,
} from "../../../src/client/index.ts";
import { type Script, ScriptedServer } from "./scripted-server.ts";

const NO_CONTENT = 'ICAP/1.0 204 No Content\r\nISTag: "t"\r\nEncapsulated: null-body=0\r\n\r\n';
const CONTINUE = "ICAP/1.0 100 Continue\r\n\r\n";
const HTTP_HEAD = "HTTP/1.1 403 Forbidden\r\n\r\n";
const BLOCKED =
  `ICAP/1.0 200 OK\r\nX-Virus-ID: EICAR\r\nEncapsulated: res-hdr=0, res-body=${HTTP_HEAD.length}\r\n\r\n` +
  `${HTTP_HEAD}2\r\nno\r\n0\r\n\r\n`;

const client = (url: ServiceUrl, more: Partial<IcapClientOptions> = {}): IcapClient =>
  new IcapClient({
    url,
    connectTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    userAgent: "test",
    ...more,
  });

async function* body(...pieces: string[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece, "latin1");
}

const bytes = (...pieces: string[]) => ({ body: body(...pieces) });

/** Answers the next request, which ends so. */
const answering =
  (ending: string, answer: string): Script =>
  async (peer) => {
    await peer.receive(ending);
    peer.send(answer);
  };

async function failure(promise: Promise<unknown>): Promise<[ClientErrorCode, string]> {
  const error = await promise.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof IcapClientError)) throw error;
  return [error.code, error.message.replace(/:\d+/, ":PORT")];
}

describe("the client", () => {
  it("sends the heads, the sections and the body of a response [RFC 3507 §4.9.1]", async () => {
    let received = "";
    await using server = await ScriptedServer.start(async (peer) => {
      received = await peer.receive("0\r\n\r\n");
      peer.send(NO_CONTENT);
    });
    const requestHead = "GET / HTTP/1.1\r\n\r\n";
    const responseHead = "HTTP/1.1 200 OK\r\n\r\n";
    await client(server.url).respmod({
      requestHead,
      responseHead,
      ...bytes("hello ", "", "world"),
    });
    expect(received).toBe(
      `RESPMOD ${server.url.uri} ICAP/1.0\r\nHost: ${server.url.authority}\r\nUser-Agent: test\r\nAllow: 204\r\n` +
        "Encapsulated: req-hdr=0, res-hdr=18, res-body=37\r\n\r\n" +
        `${requestHead}${responseHead}6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n`,
    );
  });

  it("sends a request without a body [RFC 3507 §4.8.1]", async () => {
    let received = "";
    await using server = await ScriptedServer.start(async (peer) => {
      received = await peer.receive("HTTP/1.1\r\n\r\n");
      peer.send(NO_CONTENT);
    });
    const requestHead = "GET / HTTP/1.1\r\n\r\n";
    await client(server.url).reqmod({
      requestHead,
      allow204: false,
      fields: ["X-Client-IP", "::1"],
    });
    expect(received).toContain(
      "User-Agent: test\r\nX-Client-IP: ::1\r\nEncapsulated: req-hdr=0, null-body=18\r\n\r\n",
    );
  });

  it("names the body of a request a request body", async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      expect(await peer.receive("0\r\n\r\n")).toContain("Encapsulated: req-body=0\r\n");
      peer.send(NO_CONTENT);
    });
    expect((await client(server.url).reqmod(bytes("x"))).status).toBe(204);
  });

  it("ends a body within the preview by ieof [RFC 3507 §4.5]", async () => {
    let received = "";
    await using server = await ScriptedServer.start(async (peer) => {
      received = await peer.receive("ieof\r\n\r\n");
      peer.send(NO_CONTENT);
    });
    await client(server.url).respmod({ ...bytes("hel", "lo"), previewBytes: 5 });
    expect(received.split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe(
      "3\r\nhel\r\n2\r\nlo\r\n0; ieof\r\n\r\n",
    );
  });

  it("sends the rest after 100 Continue [RFC 3507 §4.5]", async () => {
    const parts: string[] = [];
    await using server = await ScriptedServer.start(async (peer) => {
      parts.push((await peer.receive("0\r\n\r\n")).replace(/^.*?\r\n\r\n/s, ""));
      peer.send(CONTINUE);
      parts.push(await peer.receive("0\r\n\r\n"));
      peer.send(NO_CONTENT);
    });
    await client(server.url).respmod({ ...bytes("hello", " world"), previewBytes: 4 });
    expect(parts).toEqual(["4\r\nhell\r\n0\r\n\r\n", "1\r\no\r\n6\r\n world\r\n0\r\n\r\n"]);
  });

  it("sends an empty preview", async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      expect(await peer.receive("0\r\n\r\n")).toMatch(/Preview: 0\r\n.*\r\n\r\n0\r\n\r\n$/s);
      peer.send(NO_CONTENT);
    });
    const answer = await client(server.url).respmod({ ...bytes("x"), previewBytes: 0 });
    expect(answer.status).toBe(204);
  });

  it("lets go of the body when the preview was enough", async () => {
    let isReleased = false;
    const source = async function* (): AsyncGenerator<Buffer> {
      try {
        yield Buffer.from("hello");
        yield Buffer.from("world");
      } finally {
        isReleased = true;
      }
    };
    await using server = await ScriptedServer.start(answering("0\r\n\r\n", NO_CONTENT));
    await client(server.url).respmod({ body: source(), previewBytes: 2 });
    expect(isReleased).toBe(true);
  });

  it("gives the head and the body of an answer", async () => {
    await using server = await ScriptedServer.start(answering("0\r\n\r\n", BLOCKED));
    let received = "";
    const answer = await client(server.url).respmod({
      ...bytes("x"),
      onBody: (piece) => {
        received += piece.toString();
      },
    });
    expect([answer.responseHead.toString(), received, answer.bodyBytes]).toEqual([
      HTTP_HEAD,
      "no",
      2,
    ]);
  });

  it("tells where the original body goes on [draft-icap-ext-partial-content]", async () => {
    const partial = BLOCKED.replace("200 OK", "206 Partial Content").replace(
      "0\r\n\r\n",
      "0; use-original-body=3\r\n\r\n",
    );
    await using server = await ScriptedServer.start(answering("0\r\n\r\n", partial));
    const answer = await client(server.url).respmod(bytes("x"));
    expect(answer.originalFrom).toBe(3);
  });

  it("uses its connection again", async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      for (let n = 0; n < 2; n += 1) await answering("0\r\n\r\n", NO_CONTENT)(peer);
    });
    const one = client(server.url);
    await one.respmod(bytes("x"));
    await one.respmod(bytes("y"));
    expect(server.connections).toBe(1);
    one.close();
  });

  it("opens a new connection when the server closes", async () => {
    const closing = NO_CONTENT.replace("\r\n\r\n", "\r\nConnection: Close\r\n\r\n");
    const script = answering("0\r\n\r\n", closing);
    await using server = await ScriptedServer.start(script, script);
    const one = client(server.url);
    await one.respmod(bytes("x"));
    await one.respmod(bytes("y"));
    expect(server.connections).toBe(2);
  });

  it("opens a new connection when the server said more than it was asked", async () => {
    const script = answering("0\r\n\r\n", `${NO_CONTENT}ICAP/1.0 `);
    await using server = await ScriptedServer.start(script, script);
    const one = client(server.url);
    await one.respmod(bytes("x"));
    await one.respmod(bytes("y"));
    expect(server.connections).toBe(2);
  });

  it("closes when the server speaks without being asked", async () => {
    const answered = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<string>();
    await using server = await ScriptedServer.start(async (peer) => {
      await answering("0\r\n\r\n", NO_CONTENT)(peer);
      await answered.promise;
      peer.send("ICAP/1.0 408 Request Timeout\r\n\r\n");
      peer.socket.once("close", () => closed.resolve("closed"));
    });
    await client(server.url).respmod(bytes("x"));
    answered.resolve();
    expect(await closed.promise).toBe("closed");
  });

  it("stops sending when the server answers early", async () => {
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(65_536);
    };
    await using server = await ScriptedServer.start(async (peer) => {
      await once(peer.socket, "data");
      peer.send(BLOCKED);
    });
    const answer = await client(server.url).respmod({ body: endless() });
    expect(answer.status).toBe(200);
  });

  it("hears an early answer while its own body is silent", async () => {
    const silent = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from("x");
      await new Promise(() => {});
    };
    await using server = await ScriptedServer.start(answering("1\r\nx\r\n", BLOCKED));
    const source = silent();
    // A generator that waits cannot be ended from outside; a stream can.
    const answer = await client(server.url).respmod({
      body: { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) },
    });
    expect(answer.status).toBe(200);
  });
});

describe("the facts of a service", () => {
  it("are read from the answer to OPTIONS [RFC 3507 §4.10.2]", async () => {
    const answer =
      'ICAP/1.0 200 OK\r\nMethods: REQMOD, RESPMOD\r\nISTag: "t"\r\nService: Sluice\r\nPreview: 4096\r\n' +
      "Max-Connections: 100\r\nOptions-TTL: x\r\nAllow: 204, 206\r\nEncapsulated: null-body=0\r\n\r\n";
    await using server = await ScriptedServer.start(answering("\r\n\r\n", answer));
    const { fields, ...facts } = await client(server.url).options();
    expect([facts, fields.length]).toEqual([
      {
        status: 200,
        reason: "OK",
        methods: ["REQMOD", "RESPMOD"],
        istag: '"t"',
        service: "Sluice",
        previewBytes: 4096,
        maxConnections: 100,
        optionsTtlSeconds: undefined,
        allows204: true,
      },
      16,
    ]);
  });
});

describe("the client fails with one line", () => {
  it("when nobody listens", async () => {
    const unused = createServer().listen(0, "127.0.0.1");
    await once(unused, "listening");
    const { port } = unused.address() as { port: number };
    unused.close();
    await once(unused, "close");
    const url = parseServiceUrl(`icap://127.0.0.1:${port}/`) as ServiceUrl;
    expect(await failure(client(url).options())).toEqual([
      "connect",
      "cannot connect to 127.0.0.1:PORT: connection refused",
    ]);
  });

  it("when TLS does not come about in time", async () => {
    await using server = await ScriptedServer.start(() => new Promise(() => {}));
    const one = client({ ...server.url, isTls: true }, { connectTimeoutMs: 20 });
    expect(await failure(one.options())).toEqual([
      "connect",
      "cannot connect to 127.0.0.1:PORT: no connection within 0.02 s",
    ]);
  });

  it("when the server is silent", async () => {
    await using server = await ScriptedServer.start(() => new Promise(() => {}));
    const one = client(server.url, { idleTimeoutMs: 20 });
    expect(await failure(one.options())).toEqual([
      "timeout",
      "127.0.0.1:PORT: was silent for 0.02 s",
    ]);
  });

  it("when the server ends without an answer", async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.receiveRequest();
      peer.socket.end();
    });
    expect(await failure(client(server.url).options())).toEqual([
      "closed",
      "127.0.0.1:PORT: ended without an answer",
    ]);
  });

  it("when the server resets the connection", async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.receiveRequest();
      peer.socket.resetAndDestroy();
    });
    expect(await failure(client(server.url).options())).toEqual([
      "closed",
      "127.0.0.1:PORT: connection reset",
    ]);
  });

  it("when the answer is not ICAP", async () => {
    await using server = await ScriptedServer.start(
      answering("\r\n\r\n", "HTTP/1.1 400 Bad\r\n\r\n"),
    );
    expect(await failure(client(server.url).options())).toEqual([
      "protocol",
      '127.0.0.1:PORT: not an ICAP answer: "HTTP/1.1 400 Bad\\r\\n\\r\\n"',
    ]);
  });

  it("when the body cannot be read", async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from("x");
      throw new Error("disk on fire");
    };
    await using server = await ScriptedServer.start(() => new Promise(() => {}));
    expect(await failure(client(server.url).respmod({ body: broken() }))).toEqual([
      "body",
      "cannot read the body: disk on fire",
    ]);
  });

  it("when the server goes away while the body is sent", async () => {
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(65_536);
    };
    await using server = await ScriptedServer.start(async (peer) => {
      await once(peer.socket, "data");
      peer.socket.resetAndDestroy();
    });
    const [code] = await failure(client(server.url).respmod({ body: endless() }));
    expect(code).toBe("closed");
  });
});
