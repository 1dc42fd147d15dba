import { randomInt } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * A loopback port that nobody listens on, for programs that cannot be told "any port". It lies
 * below the range from which the kernel takes ports for connections and for listeners on port 0,
 * and belongs to this process until it ends: nobody else who asks here gets the same.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    // A name that Linux frees with the process, however that ends (unix(7), abstract sockets).
    const reservation = await listening(`\0sluice-test-port-${port}`);
    if (reservation === undefined) continue;
    const trial = await listening(port);
    if (trial === undefined) reservation.close();
    else {
      trial.close();
      return port;
    }
  }
}

/** Undefined when somebody else has the place. */
async function listening(place: string | number): Promise<Server | undefined> {
  const server = createServer().unref();
  try {
    if (typeof place === "string") server.listen(place);
    else server.listen(place, "127.0.0.1");
    await once(server, "listening");
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return undefined;
  }
}

/** Resolves when somebody accepts connections on the loopback port. */
export async function waitForListener(port: number, timeoutMs = 20_000): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  while (!(await accepts(port))) {
    if (deadline.aborted) throw new Error(`nobody listens on port ${port} after ${timeoutMs} ms`);
    await pause(20);
  }
}

/** Whether somebody accepts connections on the loopback port now. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
