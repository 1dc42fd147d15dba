import { expect, it } from "vitest";
import { optionsRequest } from "../../support/icap-request.ts";
import { echoService } from "../../support/scripted-service.ts";
import { type ServerChanges, ServerUnderTest } from "../../support/server-under-test.ts";

const limits: [string, ServerChanges][] = [
  ["in all", { limits: { maxConnections: 0 } }],
  ["of one client", { limits: { maxConnectionsPerClient: 0 } }],
];

it.each(limits)(
  "records a connection beyond the limit %s as refused, not as a fault of the protocol",
  async (_which, server) => {
    await using under = await ServerUnderTest.start({ services: [echoService()], server });
    using connection = await under.connect();
    expect((await connection.readAnswer()).status).toBe(503);
    expect(under.records).toMatchObject([{ outcome: "failed", cause: "refused" }]);
    expect(under.metrics.parserErrors).toEqual([]);
  },
);

it("records a client whom the service does not admit as refused, not as a fault of the protocol", async () => {
  await using under = await ServerUnderTest.start({
    services: [{ ...echoService(), admits: () => false }],
  });
  using connection = await under.connect();
  await connection.send(optionsRequest("/echo"));
  expect((await connection.readAnswer()).status).toBe(403);
  expect(under.records).toMatchObject([{ outcome: "failed", cause: "refused" }]);
  expect(under.metrics.parserErrors).toEqual([]);
});

it("records an unknown path as a fault of the client", async () => {
  await using under = await ServerUnderTest.start();
  using connection = await under.connect();
  await connection.send(optionsRequest("/nowhere"));
  expect((await connection.readAnswer()).status).toBe(404);
  expect(under.records).toMatchObject([
    { cause: "protocol", errorMessage: 'no service at "/nowhere"' },
  ]);
});
