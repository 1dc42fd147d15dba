import { describe, expect, it } from "vitest";
import { type IcapClient, IcapClientPool } from "../../../src/client/index.ts";
import { type Peer, ScriptedServer } from "./scripted-server.ts";

const NO_CONTENT = 'ICAP/1.0 204 No Content\r\nISTag: "t"\r\nEncapsulated: null-body=0\r\n\r\n';

const answer = async (peer: Peer): Promise<void> => {
  await peer.receiveRequest();
  peer.send(NO_CONTENT);
};

const options = (client: IcapClient) => client.options();

function poolOf({ url }: ScriptedServer, maxIdle = 4): IcapClientPool {
  const common = { connectTimeoutMs: 5000, idleTimeoutMs: 5000, userAgent: "test" };
  return new IcapClientPool({ url, ...common }, maxIdle);
}

describe("a pool of clients", () => {
  it("uses a connection again", async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await answer(peer);
      await answer(peer);
    });
    const pool = poolOf(server);
    await pool.use(options);
    expect((await pool.use(options)).status).toBe(204);
    expect(server.connections).toBe(1);
    pool.close();
  });

  it("has a connection for each request under way", async () => {
    await using server = await ScriptedServer.start(answer, answer);
    const pool = poolOf(server);
    const both = [pool.use(options), pool.use(options)];
    expect(pool.inUse).toBe(2);
    await Promise.all(both);
    expect([pool.inUse, server.connections]).toEqual([0, 2]);
    pool.close();
  });

  it("asks once more where the server closes a connection that was kept", async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await answer(peer);
      await peer.receiveRequest();
      peer.socket.destroy();
    }, answer);
    const pool = poolOf(server);
    await pool.use(options);
    expect((await pool.use(options)).status).toBe(204);
    pool.close();
  });

  it("does not ask again where a new connection is closed", async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.receiveRequest();
      peer.socket.destroy();
    }, answer);
    const pool = poolOf(server);
    await expect(pool.use(options)).rejects.toMatchObject({ code: "closed" });
    pool.close();
  });

  it("keeps no more connections than it may", async () => {
    await using server = await ScriptedServer.start(answer, answer);
    const pool = poolOf(server, 0);
    await pool.use(options);
    await pool.use(options);
    expect(server.connections).toBe(2);
    pool.close();
  });

  it("ends requests under way when it is closed", async () => {
    const asked = Promise.withResolvers<void>();
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.receiveRequest();
      asked.resolve();
    });
    const pool = poolOf(server);
    const request = pool.use(options);
    await asked.promise;
    pool.close();
    await expect(request).rejects.toMatchObject({ code: "closed" });
  });
});
