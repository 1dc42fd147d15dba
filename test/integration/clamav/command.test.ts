import { EventEmitter, once } from "node:events";
import { createServer } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { run } from "../../unit/cli/fake-context.ts";

const command = ["scanner", "clamav", "--clamd=unix:/nonexistent/clamd.ctl", "--log-level=silent"];
const listen = "--listen=127.0.0.1:0";

/** Sends a signal as soon as somebody listens for one: each stage of the command does so anew. */
async function send(signals: EventEmitter, signal: string): Promise<void> {
  while (signals.listenerCount(signal) === 0) await nextTurn();
  signals.emit(signal);
}

describe("sluice scanner clamav", () => {
  it("starts before clamd, says so, and ends with 0 after a signal", async () => {
    const signals = new EventEmitter();
    const ended = run([...command, listen, "--drain-delay=0s"], { signals });
    await send(signals, "SIGTERM");
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^Sluice \S+ scanner clamav is serving http:\/\/127\.0\.0\.1:\d+\/v1\/scan \(not ready yet: no clamd answers\)\n$/,
    );
  });

  it("ends with 1 when a second signal cuts its drain short", async () => {
    const signals = new EventEmitter();
    const ended = run([...command, listen, "--drain-delay=1h"], { signals });
    await send(signals, "SIGTERM");
    await send(signals, "SIGTERM");
    expect((await ended).code).toBe(1);
  });

  it("ends with 1 when its port is taken, and says which", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { code, stderr } = await run([...command, `--listen=127.0.0.1:${port}`]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `cannot listen on 127.0.0.1:${port}: another program has this port; stop it, or choose another port\n`,
    );
  });
});
