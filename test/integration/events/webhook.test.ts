import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lateVerdictEvent, Webhook, type WebhookOptions } from "../../../src/events/index.ts";
import { CertificateAuthority } from "../../support/certificate-authority.ts";
import { freePort } from "../../support/free-port.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { lateVerdict } from "../../unit/events/late-verdict.ts";
import { Receiver, silence, status } from "./receiver.ts";

const event = lateVerdictEvent(lateVerdict());

describe("a webhook", () => {
  let receiver: Receiver;
  let counted: string[];
  let pauses: number[];
  let lines: object[];
  let hooks: Webhook[];
  beforeEach(async () => {
    receiver = await Receiver.start();
    counted = [];
    pauses = [];
    lines = [];
    hooks = [];
  });
  afterEach(async () => {
    await Promise.all(hooks.map((hook) => hook.close(0)));
    await receiver.stop();
  });

  const hookTo = (options: Partial<WebhookOptions> = {}): Webhook => {
    const ignore = (): void => {};
    const hook = new Webhook({
      url: receiver.url,
      tokenFile: undefined,
      ca: undefined,
      timeoutMs: 10_000,
      queue: 10,
      queueBytes: 100_000,
      metrics: {
        eventEnded: (result) => void counted.push(result),
        eventRetried: () => void counted.push("retry"),
      },
      logger: {
        debug: ignore,
        info: ignore,
        warn: ignore,
        error: (msg, fields) => void lines.push({ msg, ...fields }),
      },
      wait: async (ms, signal) => {
        if (!signal.aborted) pauses.push(ms);
      },
      random: () => 1,
      ...options,
    });
    hooks.push(hook);
    return hook;
  };
  const sent = (...results: string[]) => expect.poll(() => counted).toEqual(results);

  it("sends an event as the HTTP binding has it, whole", async () => {
    hookTo().send(event);
    await sent("sent");
    expect(receiver.received).toEqual([
      {
        method: "POST",
        path: "/hook?a=b",
        type: "application/cloudevents+json; charset=utf-8",
        authorization: undefined,
        event: JSON.parse(JSON.stringify(event)),
      },
    ]);
  });

  it.each([500, 503, 408, 429])("tries again after %i", async (code) => {
    receiver.answers = [status(code), status(200)];
    hookTo().send(event);
    await sent("retry", "sent");
    expect(new Set(receiver.received.map(({ event: { id } }) => id))).toEqual(new Set([event.id]));
  });

  it.each([400, 401, 404, 410, 302])("gives up after %i, and tells so", async (code) => {
    receiver.answers = [status(code, { location: "http://127.0.0.1:1/" })];
    hookTo().send(event);
    await sent("dead");
    expect(lines).toMatchObject([
      {
        msg: "event not sent",
        subject: event.subject,
        event: event.id,
        why: `the receiver answered ${code}`,
      },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/anna|10\.1\.2\.3|invoice/);
  });

  it("makes longer pauses each time, up to five minutes, and an end", async () => {
    receiver.answers = [status(500)];
    hookTo().send(event);
    await expect.poll(() => counted.at(-1)).toBe("dead");
    const seconds = pauses.map((ms) => ms / 1000);
    expect(seconds.slice(0, 10)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
    expect(receiver.received.length).toBe(20);
  });

  it("waits as long as the receiver wishes, within that bound", async () => {
    const busy = (seconds: string) => status(429, { "retry-after": seconds });
    receiver.answers = [busy("30"), busy("86400"), busy("soon"), status(204)];
    hookTo().send(event);
    await expect.poll(() => counted.at(-1)).toBe("sent");
    expect(pauses).toEqual([30_000, 300_000, 4000]);
  });

  it("tries again where nobody listens", async () => {
    hookTo({ url: `http://127.0.0.1:${await freePort()}/` }).send(event);
    await expect.poll(() => counted.at(-1)).toBe("dead");
    expect(lines).toMatchObject([{ why: "ECONNREFUSED" }]);
    expect(counted.length).toBe(20);
  });

  it("tries again when no answer comes in time", async () => {
    receiver.answers = [silence, status(204)];
    hookTo({ timeoutMs: 100 }).send(event);
    await expect.poll(() => counted.at(-1)).toBe("sent");
    expect(counted[0]).toBe("retry");
  });

  it("sends four at once, and the rest behind them", async () => {
    receiver.answers = [silence];
    const hook = hookTo();
    for (let at = 0; at < 6; at += 1) hook.send(event);
    await expect.poll(() => receiver.received.length).toBe(4);
    expect(hook.waiting).toBe(6);
  });

  it("keeps no more than it has room for", async () => {
    receiver.answers = [silence];
    const hook = hookTo({ queue: 1 });
    for (let at = 0; at < 6; at += 1) hook.send(event);
    expect(counted).toEqual(["dead"]);
    expect(lines).toMatchObject([{ why: "the queue is full" }]);
  });

  it("keeps no more bytes than it has room for, and has room again for the next", async () => {
    const first = Promise.withResolvers<void>();
    receiver.answers = [(response) => void first.promise.then(() => response.end())];
    const hook = hookTo({ queueBytes: Buffer.byteLength(JSON.stringify(event)) });
    hook.send(event);
    hook.send(event);
    expect(counted).toEqual(["dead"]);
    first.resolve();
    await sent("dead", "sent");
    await expect.poll(() => hook.waiting, { timeout: 15_000 }).toBe(0);
    hook.send(event);
    await sent("dead", "sent", "sent");
  });

  it("tells at its end what was not sent", async () => {
    receiver.answers = [silence];
    const hook = hookTo({ queue: 1 });
    for (let at = 0; at < 5; at += 1) hook.send(event);
    await hook.close(0);
    expect(counted).toEqual(["dead", "dead", "dead", "dead", "dead"]);
    hook.send(event);
    expect(counted.length).toBe(6);
  });

  it("sends before its end what can be sent", async () => {
    const never = new Promise<void>(() => {});
    const hook = hookTo({ wait: () => never });
    for (let at = 0; at < 9; at += 1) hook.send(event);
    await hook.close(60_000);
    expect(counted).toEqual(Array(9).fill("sent"));
  });

  it("carries the token, also after it was replaced", async () => {
    using directory = new TempDirectory();
    const tokenFile = directory.join("token");
    writeFileSync(tokenFile, "first\n");
    const hook = hookTo({ tokenFile });
    hook.send(event);
    await sent("sent");
    writeFileSync(tokenFile, "second\n");
    hook.send(event);
    await sent("sent", "sent");
    const tokens = receiver.received.map(({ authorization }) => authorization);
    expect(tokens).toEqual(["Bearer first", "Bearer second"]);
  });

  it("sends nothing without its token", async () => {
    hookTo({ tokenFile: "/nowhere/token" }).send(event);
    await expect.poll(() => counted.at(-1)).toBe("dead");
    expect([receiver.received, lines]).toMatchObject([[], [{ why: "ENOENT" }]]);
  });

  it("trusts the authorities it was given, and no others", async () => {
    const authority = await CertificateAuthority.create();
    const tls = await Receiver.start(await authority.issue("IP:127.0.0.1"));
    try {
      hookTo({ url: tls.url, ca: authority.cert }).send(event);
      await sent("sent");
      hookTo({ url: tls.url }).send(event);
      await expect.poll(() => counted.at(-1)).toBe("dead");
      expect(tls.received.length).toBe(1);
    } finally {
      await tls.stop();
    }
  });
});
