/** Reloads under load: no transaction is lost, and each is answered by one of the two tables. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerKey, PacedLoad, type PacedRequest } from "../integration/reload/paced-load.ts";
import { ReloadingServer, service } from "../integration/reload/reloading-server.ts";
import { icapField } from "../support/icap-answer.ts";
import { icapRequest } from "../support/icap-request.ts";

const RELOADS = 200;
/** With one request every 8 ms on each: 2,000 a second, where the machine can. */
const CONNECTIONS = 16;
const EVERY_MS = 8;

const blocks = 'rules: [{ name: all, when: "true", then: Block }]';
const blocksTyped = `rules: [{ name: text, when: 'entity.type == "text/plain"', then: Block }]`;

/** `changes` exists in both tables, `comes` and `goes` in one each. */
const tables = [
  service("stays") + service("changes") + service("bodies", blocksTyped) + service("goes"),
  service("stays") + service("changes", blocks) + service("bodies") + service("comes"),
] as const;

const head = (name: string): PacedRequest => ({
  name,
  bytes: icapRequest({ method: "REQMOD", path: `/${name}`, fields: ["Allow: 204"] }),
});
const requests: readonly PacedRequest[] = [
  ...["stays", "changes", "comes", "goes"].map(head),
  {
    name: "bodies",
    bytes: icapRequest({
      method: "RESPMOD",
      path: "/bodies",
      fields: ["Allow: 204"],
      body: "plain text, ".repeat(400),
    }),
  },
];

describe(`${RELOADS} reloads under load`, () => {
  let server: ReloadingServer;
  let load: PacedLoad;
  /** What each table answers, request by request. */
  let right: readonly (readonly string[])[];

  beforeAll(async () => {
    server = await ReloadingServer.start(tables[0]);
    const first = await answersNow(server);
    await server.reload(tables[1]);
    right = [first, await answersNow(server)];
    const connections = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => server.connect()),
    );
    load = new PacedLoad({ connections, requests, everyMs: EVERY_MS });
    for (let count = 0; count < RELOADS; count += 1)
      await server.reload(tables[count % 2] as string);
    await load.stop();
    for (const connection of connections) connection.close();
  }, 280_000);
  afterAll(() => server?.stop());

  it("lose no transaction and break no connection", () => {
    const answered = [...load.answers.values()].reduce((sum, count) => sum + count, 0);
    expect([load.failures, answered]).toEqual([[], load.sent]);
  });

  it("misroute none: every answer is that of one of the two tables, and each of these comes", () => {
    expect([...load.answers.keys()].sort()).toEqual([...new Set(right.flat())].sort());
  });

  it("were 200 under load", async () => {
    const loads = await server.metrics("sluice_config_loads_total");
    expect([Object.values(loads), load.sent > RELOADS * CONNECTIONS]).toEqual([["202"], true]);
  });

  it("leave the ISTag of a service that does not change", () => {
    const tags = [...load.answers.keys()].filter((key) => key.startsWith("stays "));
    expect(tags).toHaveLength(1);
  });
});

/** Each request asked once, with nothing else going on. */
async function answersNow(server: ReloadingServer): Promise<readonly string[]> {
  using connection = await server.connect();
  const keys: string[] = [];
  for (const { name, bytes } of requests) {
    await connection.send(bytes);
    const answer = await connection.readAnswer();
    keys.push(answerKey(name, answer.status, icapField(answer, "ISTag")));
  }
  return keys;
}
