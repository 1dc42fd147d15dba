/** How the scanner keeps to what its servers can bear, and what it tells of them. */
import { describe, expect, it } from "vitest";
import {
  type EndpointState,
  type LogFields,
  noEndpointMetrics,
  silentLogger,
} from "../../../src/telemetry/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { type Script, ScriptedServer } from "../../unit/client/scripted-server.ts";
import { useIcapScanners } from "./other-server.ts";

const options = (more = ""): string =>
  `ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: "a"\r\n${more}Encapsulated: null-body=0\r\n\r\n`;

/** Answers OPTIONS so, and every request after that. */
const server =
  (greeting: string, answer = ""): Script =>
  async (peer) => {
    await peer.receiveRequest();
    peer.send(greeting);
    for (;;) {
      await peer.receive("0\r\n\r\n");
      if (answer === "") peer.socket.destroy();
      peer.send(answer);
    }
  };

const BUSY = "ICAP/1.0 503 Service Overloaded\r\nEncapsulated: null-body=0\r\n\r\n";

describe("the servers of an ICAP scanner", () => {
  const { create } = useIcapScanners();

  it("are named in the log when they want fewer connections than they may get", async () => {
    await using one = await ScriptedServer.start(server(options("Max-Connections: 4\r\n")));
    const lines: [string, LogFields | undefined][] = [];
    const logger = {
      ...silentLogger,
      warn: (message: string, fields?: LogFields) => void lines.push([message, fields]),
    };
    await create([one.url.uri], { logger, connections: 8 });
    expect(lines).toEqual([
      [
        "ICAP server may be overloaded",
        expect.objectContaining({
          url: one.url.uri,
          why: "it wants at most 4 connections; limits.concurrency is 8",
        }),
      ],
    ]);
  });

  it("are shown by metrics until the scanner is closed", async () => {
    await using one = await ScriptedServer.start(server(options()));
    let read: (() => readonly EndpointState[]) | undefined;
    const metrics = {
      ...noEndpointMetrics,
      watchEndpoints: (_: string, reading: () => readonly EndpointState[]) => {
        read = reading;
        return () => {
          read = undefined;
        };
      },
    };
    const scanner = await create([one.url.uri], { metrics });
    expect(read?.()).toEqual([
      { url: one.url.uri, address: "", isUp: true, isEjected: false, requests: 0 },
    ]);
    await scanner.close();
    expect(read).toBeUndefined();
  });

  it("are asked again within a budget, which is told", async () => {
    const busy = server(options(), BUSY);
    await using one = await ScriptedServer.start(busy);
    await using two = await ScriptedServer.start(busy);
    const retries: string[] = [];
    const metrics = {
      ...noEndpointMetrics,
      retryWanted: (_: string, result: string) => void retries.push(result),
    };
    const retry = { attempts: 2, budgetPercent: 1, backoffMs: 0 };
    const scanner = await create([one.url.uri, two.url.uri], { metrics, retry });
    for (let scan = 0; scan < 4; scan += 1) {
      const verdict = await scanner.scan(entityOf("x"), scanContext());
      expect(verdict).toMatchObject({ kind: "error", reason: "overload" });
    }
    expect(retries).toEqual(["made", "made", "made", "over-budget"]);
  });

  it("are ejected when they keep failing, which is told", async () => {
    const down: Script = async (peer) => {
      await peer.receive("0\r\n\r\n");
      peer.socket.destroy();
    };
    await using one = await ScriptedServer.start(server(options()), down, down);
    const told: string[] = [];
    const metrics = {
      ...noEndpointMetrics,
      endpointEjected: (scanner: string, reason: string) => void told.push(`${scanner} ${reason}`),
    };
    const circuitBreaker = { failures: 2, openForMs: 60_000 };
    const scanner = await create([one.url.uri], { metrics, circuitBreaker });
    for (let scan = 0; scan < 3; scan += 1) await scanner.scan(entityOf("x"), scanContext());
    expect(told).toEqual(["other failures"]);
  });

  it("must have an ICAP URL", async () => {
    const scanner = create(["http://not-icap.example/"]);
    await expect(scanner).rejects.toThrow("not an ICAP URL");
  });
});
