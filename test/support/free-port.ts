import { randomInt } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * A loopback port that nobody listens on, for programs that cannot be told "any port". It lies
 * below the range from which the kernel takes ports for connections and for listeners on port 0,
 * so that nothing but another caller of this function can be in the way.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    } finally {
      server.close();
    }
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
