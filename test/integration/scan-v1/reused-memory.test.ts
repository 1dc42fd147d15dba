import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { createScanV1Scanner } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { options } from "./scanner-under-test.ts";

const verdict = '{"verdict":"blocked"}';
const early = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${verdict.length}\r\n\r\n${verdict}`;
const noInfo = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

it("sends nothing of a body's memory once the verdict is there and it is used again", async () => {
  const { promise: uploading, resolve } = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if (bytes.includes("GET /v1/info")) socket.write(noInfo);
      else if (bytes.includes("POST /v1/scan")) {
        // Answers, and leaves the upload where it is.
        socket.pause();
        socket.write(early);
        resolve(socket);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const scanner = await createScanV1Scanner({ ...options, urls: [`http://127.0.0.1:${port}`] });

  const entity = entityOf(Buffer.alloc(32_000_000, "x"));
  expect((await scanner.scan(entity, scanContext())).kind).toBe("blocked");
  if (entity.content.kind === "memory") entity.content.data.fill("!");

  const socket = await uploading;
  let foreignBytes = 0;
  socket.on("data", (bytes) => {
    if (bytes.includes("!")) foreignBytes += bytes.length;
  });
  const closed = once(socket, "close");
  socket.resume();
  await closed;
  expect(foreignBytes).toBe(0);

  await scanner.close();
  server.close();
});
