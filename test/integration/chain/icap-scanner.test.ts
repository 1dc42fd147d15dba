/** What the scanner makes of an ICAP server's answers and faults, on real sockets. */
import { describe, expect, it } from "vitest";
import { readContent } from "../../../src/entity/index.ts";
import type { ScanContext, Verdict } from "../../../src/scanning/index.ts";
import { noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { type Peer, type Script, ScriptedServer } from "../../unit/client/scripted-server.ts";
import { useIcapScanners } from "./other-server.ts";

const options = (istag = "one", more = ""): string =>
  `ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: "${istag}"\r\n${more}Encapsulated: null-body=0\r\n\r\n`;
const noContent = (istag = "one"): string =>
  `ICAP/1.0 204 No Content\r\nISTag: "${istag}"\r\nEncapsulated: null-body=0\r\n\r\n`;
const END = "0\r\n\r\n";

function replaced(head: string, body: string, fields = ""): string {
  const size = Buffer.byteLength(body).toString(16);
  return (
    `ICAP/1.0 200 OK\r\nISTag: "one"\r\n${fields}Encapsulated: res-hdr=0, res-body=${head.length}\r\n\r\n` +
    `${head}${size}\r\n${body}\r\n0\r\n\r\n`
  );
}

/** Answers OPTIONS, then does the rest. */
const probed =
  (rest: Script, greeting = options()): Script =>
  async (peer) => {
    await peer.receiveRequest();
    peer.send(greeting);
    await rest(peer);
  };

const answering =
  (answer: string, ending = END): Script =>
  async (peer: Peer) => {
    await peer.receive(ending);
    peer.send(answer);
  };

const taking = (): ScanContext => ({ ...scanContext(), takesReplacement: true });

const once = { attempts: 1, budgetPercent: 20, backoffMs: 0 };

const uri = ({ url }: ScriptedServer): string => url.uri;

async function textOf({ replacement }: Verdict): Promise<string> {
  let text = "";
  if (replacement === undefined) throw new Error("there is no new content");
  for await (const piece of readContent(replacement.body.content)) text += piece.toString("latin1");
  return text;
}

describe("another ICAP server as a scanner", () => {
  const { create, spooled } = useIcapScanners();

  it("sends the entity with its name and type, and nothing of its transaction", async () => {
    let received = "";
    await using server = await ScriptedServer.start(
      probed(async (peer) => {
        received = await peer.receive(END);
        peer.send(noContent());
      }),
    );
    const scanner = await create([uri(server)]);
    const entity = entityOf("content", { fileName: 'a"\r\nb.txt', declaredType: "text/plain" });
    const identity = { address: "192.0.2.1", user: "ada" };
    await scanner.scan(entity, { ...scanContext(), identity });
    const request = "GET http://unnamed.invalid/ HTTP/1.1\r\nHost: unnamed.invalid\r\n\r\n";
    const response =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n" +
      'Content-Disposition: attachment; filename="a\\"??b.txt"; filename*=UTF-8\'\'a%22%0D%0Ab.txt\r\n\r\n';
    expect(received).toBe(
      `RESPMOD ${uri(server)} ICAP/1.0\r\nHost: ${server.url.authority}\r\nUser-Agent: Sluice\r\nAllow: 204\r\n` +
        `Encapsulated: req-hdr=0, res-hdr=${request.length}, res-body=${request.length + response.length}\r\n\r\n` +
        `${request}${response}7\r\ncontent\r\n0\r\n\r\n`,
    );
  });

  it("tells the URL and who asks where it is to", async () => {
    let received = "";
    await using server = await ScriptedServer.start(
      probed(async (peer) => {
        received = await peer.receive(END);
        peer.send(noContent());
      }),
    );
    const scanner = await create([uri(server)], { shares: ["Url", "Identity"] });
    const identity = { address: "192.0.2.1", user: "ada", groups: ["staff"] };
    const url = "http://user:pass@files.example/a b\r\nX: y";
    await scanner.scan(entityOf("content"), { ...scanContext(), url, identity });
    expect(received).toContain("X-Client-IP: 192.0.2.1\r\nX-Authenticated-User: ");
    expect(received).toContain(`Groups: ${Buffer.from("Local://staff").toString("base64")}\r\n`);
    expect(received).toContain("GET http://files.example/a%20bX:%20y HTTP/1.1\r\n");
  });

  it.each([
    [[], "content+name"],
    [["Url"], "content+url"],
    [["Identity"], "user"],
    [["Url", "Identity"], "none"],
  ] as const)("has verdicts that depend on all that it tells: %j", async (shares, scope) => {
    await using server = await ScriptedServer.start(probed(answering(noContent())));
    const scanner = await create([uri(server)], { shares });
    expect(scanner.cacheScope).toBe(scope);
  });

  it("sends REQMOD to a server that offers nothing else", async () => {
    let received = "";
    await using server = await ScriptedServer.start(
      probed(
        async (peer) => {
          received = await peer.receive(END);
          peer.send(noContent());
        },
        options().replace("RESPMOD", "REQMOD"),
      ),
    );
    const scanner = await create([uri(server)]);
    expect((await scanner.scan(entityOf("content"), scanContext())).kind).toBe("clean");
    expect(received).toMatch(/^REQMOD .*POST http:\/\/unnamed\.invalid\/ HTTP\/1\.1\r\n/s);
  });

  it("sends the preview that the server wants, and no more when that is enough", async () => {
    let received = "";
    await using server = await ScriptedServer.start(
      probed(
        async (peer) => {
          received = await peer.receive(END);
          peer.send(noContent());
        },
        options("one", "Preview: 4\r\n"),
      ),
    );
    const scanner = await create([uri(server)]);
    expect((await scanner.scan(entityOf("a long one"), scanContext())).kind).toBe("clean");
    expect(received).toContain("Preview: 4\r\n");
    expect(received).toMatch(/4\r\na lo\r\n0\r\n\r\n$/);
  });

  it("sends the rest when the server asks for it", async () => {
    await using server = await ScriptedServer.start(
      probed(
        async (peer) => {
          await peer.receive(END);
          peer.send("ICAP/1.0 100 Continue\r\n\r\n");
          expect(await peer.receive(END)).toContain("ng one");
          peer.send(replaced("HTTP/1.1 403 No\r\n\r\n", "no", "X-Virus-ID: EICAR\r\n"));
        },
        options("one", "Preview: 4\r\n"),
      ),
    );
    const scanner = await create([uri(server)]);
    const verdict = await scanner.scan(entityOf("a long one"), scanContext());
    expect(verdict).toMatchObject({ kind: "blocked", threats: [{ name: "EICAR" }], epoch: "one" });
  });

  it("gives the content that the server put in place of the entity's", async () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n";
    await using server = await ScriptedServer.start(probed(answering(replaced(head, "rebuilt"))));
    const scanner = await create([uri(server)], { replaced: "Modified" });
    const verdict = await scanner.scan(entityOf("content"), taking());
    expect(verdict).toMatchObject({
      kind: "modified",
      replacement: { mediaType: "application/pdf", body: { size: 7 } },
    });
    expect(await textOf(verdict)).toBe("rebuilt");
    verdict.replacement?.dispose();
    await expect.poll(spooled).toBe(0);
  });

  it("keeps new content that is larger than memory in a file", async () => {
    const head = "HTTP/1.1 200 OK\r\n\r\n";
    const large = "x".repeat(900_000);
    await using server = await ScriptedServer.start(probed(answering(replaced(head, large))));
    const scanner = await create([uri(server)], { replaced: "Modified" });
    const verdict = await scanner.scan(entityOf("content"), taking());
    expect(verdict.replacement?.body.content.kind).toBe("file");
    expect((await textOf(verdict)) === large).toBe(true);
    verdict.replacement?.dispose();
  });

  it("takes no answer that is far larger than the entity", async () => {
    const head = "HTTP/1.1 200 OK\r\n\r\n";
    const large = "x".repeat(2 * 1024 * 1024);
    await using server = await ScriptedServer.start(probed(answering(replaced(head, large))));
    const scanner = await create([uri(server)], { replaced: "Modified", retry: once });
    const verdict = await scanner.scan(entityOf("content"), taking());
    expect(verdict).toMatchObject({
      kind: "error",
      message: "the answer is larger than can be kept",
    });
  });

  it("blocks what the server changed where new content has no place", async () => {
    const answer = replaced(
      "HTTP/1.1 200 OK\r\n\r\n",
      "repaired",
      "X-Infection-Found: Type=0; Resolution=1; Threat=Macro;\r\n",
    );
    await using server = await ScriptedServer.start(probed(answering(answer)));
    const scanner = await create([uri(server)]);
    const verdict = await scanner.scan(entityOf("content"), scanContext());
    expect(verdict).toMatchObject({ kind: "blocked", threats: [{ name: "Macro" }] });
    await expect.poll(spooled).toBe(0);
  });

  it("does not send what is over its limit", async () => {
    await using server = await ScriptedServer.start(probed(async () => {}));
    const scanner = await create([uri(server)], { maxBytes: 3 });
    const verdict = await scanner.scan(entityOf("four"), scanContext());
    expect(verdict).toMatchObject({ kind: "unscannable", reason: "size" });
  });

  describe("its epoch", () => {
    it("is the server's ISTag", async () => {
      await using server = await ScriptedServer.start(probed(async () => {}));
      expect((await create([uri(server)])).epoch).toBe("one");
    });

    it("changes with the ISTag of any answer, which is told", async () => {
      await using server = await ScriptedServer.start(probed(answering(noContent("two"))));
      const told: unknown[] = [];
      const scanner = await create([uri(server)], {
        metrics: { ...noEndpointMetrics, epochChanged: (name) => void told.push(name) },
        logger: { ...silentLogger, info: (line, fields) => void told.push({ line, ...fields }) },
      });
      expect(await scanner.scan(entityOf("x"), scanContext())).toMatchObject({ epoch: "two" });
      expect(scanner.epoch).toBe("two");
      const { name } = scanner;
      const line = { line: "scanner shows a new epoch", scanner: name, epoch: "two" };
      expect(told).toEqual([name, line]);
    });

    it("is not told of again while it stays what it is", async () => {
      await using server = await ScriptedServer.start(probed(answering(noContent("one"))));
      const told: string[] = [];
      const epochChanged = (name: string) => void told.push(name);
      const metrics = { ...noEndpointMetrics, epochChanged };
      const scanner = await create([uri(server)], { metrics });
      expect(await scanner.scan(entityOf("x"), scanContext())).toMatchObject({ epoch: "one" });
      expect(told).toEqual([]);
    });

    it("is of all servers together", async () => {
      await using one = await ScriptedServer.start(probed(async () => {}, options("b")));
      await using two = await ScriptedServer.start(probed(async () => {}, options("a")));
      expect((await create([uri(one), uri(two)])).epoch).toBe("a,b");
    });

    it("follows the server's options", async () => {
      const asked = Promise.withResolvers<void>();
      await using server = await ScriptedServer.start(
        probed(async (peer) => {
          await peer.receiveRequest();
          peer.send(options("two"));
          await peer.receiveRequest();
          asked.resolve();
        }),
      );
      const scanner = await create([uri(server)], { probeEveryMs: 1 });
      await asked.promise;
      expect(scanner.epoch).toBe("two");
    });
  });

  describe("when something fails", () => {
    it("asks again where the server had closed a kept connection", async () => {
      await using server = await ScriptedServer.start(
        probed(async (peer) => {
          await peer.receive(END);
          peer.socket.destroy();
        }),
        answering(noContent()),
      );
      const scanner = await create([uri(server)], { retry: once });
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    });

    it("asks another server", async () => {
      const broken = probed(answering("HTTP/1.1 400 Bad Request\r\n\r\n"));
      await using one = await ScriptedServer.start(broken);
      await using two = await ScriptedServer.start(probed(answering(noContent())));
      const scanner = await create([uri(one), uri(two)]);
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    });

    it("asks another server where one is overloaded", async () => {
      const busy = probed(answering("ICAP/1.0 503 Service Overloaded\r\n\r\n"));
      await using one = await ScriptedServer.start(busy);
      await using two = await ScriptedServer.start(probed(answering(noContent())));
      const scanner = await create([uri(one), uri(two)]);
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    });

    it("asks the server that answers its probes first", async () => {
      const gone = await ScriptedServer.start();
      const address = uri(gone);
      await gone[Symbol.asyncDispose]();
      await using two = await ScriptedServer.start(probed(answering(noContent())));
      const scanner = await create([address, uri(two)], { retry: once });
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    });

    it("says error where no server is there, and then overload while they are left alone", async () => {
      const gone = await ScriptedServer.start();
      const address = uri(gone);
      await gone[Symbol.asyncDispose]();
      const circuitBreaker = { failures: 1, openForMs: 60_000 };
      const scanner = await create([address], { circuitBreaker });
      const first = await scanner.scan(entityOf("x"), scanContext());
      expect(first).toMatchObject({ kind: "error", reason: "engine-error" });
      expect(first.message).toContain("connection refused");
      const next = await scanner.scan(entityOf("x"), scanContext());
      expect(next).toMatchObject({ kind: "error", reason: "overload" });
    });

    it("says timeout of a server that is silent until the time is up, and hangs up", async () => {
      const stop = new AbortController();
      const closed = Promise.withResolvers<void>();
      await using server = await ScriptedServer.start(
        probed(async (peer) => {
          peer.socket.on("close", () => closed.resolve());
          await peer.receive(END);
          stop.abort();
        }),
      );
      const scanner = await create([uri(server)]);
      const verdict = await scanner.scan(entityOf("x"), scanContext(stop.signal));
      expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
      await closed.promise;
      await expect.poll(spooled).toBe(0);
    });

    it("says timeout of a server that stops amid its answer", async () => {
      const stop = new AbortController();
      await using server = await ScriptedServer.start(
        probed(async (peer) => {
          await peer.receive(END);
          peer.send(replaced("HTTP/1.1 200 OK\r\n\r\n", "half").slice(0, -8));
          setImmediate(() => stop.abort());
        }),
      );
      const scanner = await create([uri(server)]);
      const verdict = await scanner.scan(entityOf("x"), scanContext(stop.signal));
      expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
    });

    it("says error of an answer that ends too soon", async () => {
      const half: Script = async (peer) => {
        await peer.receive(END);
        peer.send(replaced("HTTP/1.1 200 OK\r\n\r\n", "half").slice(0, -8));
        peer.socket.end();
      };
      await using server = await ScriptedServer.start(probed(half), half);
      const scanner = await create([uri(server)]);
      const verdict = await scanner.scan(entityOf("x"), scanContext());
      expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
    });
  });
});
