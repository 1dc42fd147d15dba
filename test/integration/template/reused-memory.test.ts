import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { createTemplateScanner } from "../../../src/scanning/template/index.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { options, templateOf, within } from "./template-under-test.ts";

const early =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"infected":true}';

it.each([
  "{ mode: Raw }",
  "{ mode: Multipart, field: f }",
  '{ mode: Json, json: "${req.base64}" }',
])(
  "sends nothing of a body's memory once the verdict is there and it is used again: %s",
  async (body) => {
    const { promise: uploading, resolve } = Promise.withResolvers<Socket>();
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        // Answers, and leaves the upload where it is.
        socket.pause();
        socket.write(early);
        resolve(socket);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const yaml = `
steps: [{ name: scan, request: { method: POST, path: /, body: ${body} } }]
result: { verdict: "res.json.infected ? 'blocked' : 'clean'" }`;
    const template = templateOf(yaml, { baseUrl: `http://127.0.0.1:${port}` });
    const credentials = { secrets: {} };
    const scanner = await createTemplateScanner({ ...options, template, credentials });

    const entity = entityOf(Buffer.alloc(32_000_000, "x"));
    expect((await scanner.scan(entity, within(60_000))).kind).toBe("blocked");
    // "!" is 0x21, of which three are "ISEh" in Base64.
    if (entity.content.kind === "memory") entity.content.data.fill("!");

    const socket = await uploading;
    let foreignBytes = 0;
    socket.on("data", (bytes) => {
      if (bytes.includes("!!!!") || bytes.includes("ISEh")) foreignBytes += bytes.length;
    });
    const closed = once(socket, "close");
    socket.resume();
    await closed;
    expect(foreignBytes).toBe(0);
    await scanner.close();
    server.close();
  },
);
