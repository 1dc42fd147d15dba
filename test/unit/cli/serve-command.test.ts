import { EventEmitter } from "node:events";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { RunningApp, StartApp } from "../../../src/cli/index.ts";
import type { Settings } from "../../../src/config/index.ts";
import { run } from "./fake-context.ts";

const quiet = ["--log-level=silent", "--no-log-banner"];

const facts: RunningApp["facts"] = {
  icap: [{ host: "127.0.0.1", port: 1344 }],
  icaps: [],
  admin: undefined,
  services: [{ path: "/scan", methods: ["RESPMOD"], scans: true }],
  scanners: [],
};

/** An app that says what is done to it, and drains when told to. */
function fakeApp() {
  const events: string[] = [];
  const started = Promise.withResolvers<Settings>();
  const draining = Promise.withResolvers<void>();
  const drained = Promise.withResolvers<void>();
  const app: RunningApp = {
    facts,
    drain: () => {
      events.push("drain");
      draining.resolve();
      return drained.promise;
    },
    abort: () => {
      events.push("abort");
      drained.resolve();
    },
    reload: () => events.push("reload"),
  };
  const startApp: StartApp = (settings) => {
    started.resolve(settings);
    return Promise.resolve(app);
  };
  return { events, startApp, started: started.promise, draining: draining.promise, drained };
}

describe("sluice serve", () => {
  it("starts with the settings, drains at a signal and means 0", async () => {
    const { events, startApp, started, draining, drained } = fakeApp();
    const signals = new EventEmitter();
    const running = run(["serve", ...quiet, "--workers", "3"], { signals, startApp });
    const settings = await started;
    signals.emit("SIGTERM", "SIGTERM");
    await draining;
    drained.resolve();
    expect([(await running).code, settings.workers, events]).toEqual([0, 3, ["drain"]]);
  });

  it("ends at once at a second signal, and means 1", async () => {
    const { events, startApp, started, draining } = fakeApp();
    const signals = new EventEmitter();
    const running = run(["serve", ...quiet], { signals, startApp });
    await started;
    signals.emit("SIGINT", "SIGINT");
    await draining;
    signals.emit("SIGTERM", "SIGTERM");
    expect([(await running).code, events]).toEqual([1, ["drain", "abort"]]);
  });

  it("drains at a signal that comes while it starts", async () => {
    const { events, startApp, drained } = fakeApp();
    const signals = new EventEmitter();
    const early: StartApp = (settings, ports) => {
      signals.emit("SIGTERM", "SIGTERM");
      drained.resolve();
      return startApp(settings, ports);
    };
    const { code } = await run(["serve", ...quiet], { signals, startApp: early });
    expect([code, events]).toEqual([0, ["drain"]]);
  });

  it("greets on standard error", async () => {
    const { startApp, started, drained } = fakeApp();
    const signals = new EventEmitter();
    drained.resolve();
    const running = run(["serve", "--log-level=silent"], { signals, startApp });
    await started;
    signals.emit("SIGTERM", "SIGTERM");
    expect((await running).stderr).toMatch(/^Sluice .* is serving\n/);
  });

  it("leaves the greeting of a worker to its primary", async () => {
    const { startApp, started, drained } = fakeApp();
    const signals = new EventEmitter();
    drained.resolve();
    const inWorker: StartApp = async (settings, ports) => {
      const app = await startApp(settings, ports);
      return { ...app, facts: { ...facts, worker: true } };
    };
    const argv = ["serve", "--log-level=silent", "--workers=2"];
    const running = run(argv, { signals, startApp: inWorker });
    await started;
    signals.emit("SIGTERM", "SIGTERM");
    expect((await running).stderr).toBe("");
  });

  it("prints all problems of its settings and means 2", async () => {
    const { code, stderr } = await run(["serve", "--workers", "x", "--worker=2"]);
    expect([code, stderr]).toEqual([
      2,
      '--worker: unknown flag, did you mean "--workers"?\n' +
        '--workers: must be auto or a whole number from 1 to 1024, not "x"\n',
    ]);
  });

  it("says on one line why it cannot start, and means 1", async () => {
    const taken = new Error("listen EADDRINUSE: address already in use :::1344");
    const startApp: StartApp = () => Promise.reject(taken);
    const { code, stderr } = await run(["serve", ...quiet], { startApp });
    expect([code, stderr]).toEqual([
      1,
      "cannot listen on [::]:1344: another program has this port; stop it, or choose another port\n",
    ]);
  });

  it("names each problem of its resources on a line, and means 2", async () => {
    const refused = Object.assign(new Error("refused"), {
      problems: ["a.yaml:1: x", "b.yaml:2: y"],
    });
    const startApp: StartApp = () => Promise.reject(refused);
    const { code, stderr } = await run(["serve", ...quiet, "-f", "a.yaml"], { startApp });
    expect([code, stderr]).toEqual([2, "a.yaml:1: x\nb.yaml:2: y\n"]);
  });

  it("looks at its resources again at SIGHUP", async () => {
    const { events, startApp, started, drained } = fakeApp();
    const signals = new EventEmitter();
    drained.resolve();
    const running = run(["serve", ...quiet], { signals, startApp });
    await started;
    await setImmediate();
    signals.emit("SIGHUP", "SIGHUP");
    signals.emit("SIGTERM", "SIGTERM");
    await running;
    expect(events).toEqual(["reload", "drain"]);
  });

  it("goes on starting at a SIGHUP", async () => {
    const { startApp, drained } = fakeApp();
    const signals = new EventEmitter();
    let heard = false;
    const early: StartApp = (settings, ports) => {
      heard = signals.emit("SIGHUP", "SIGHUP");
      signals.emit("SIGTERM", "SIGTERM");
      drained.resolve();
      return startApp(settings, ports);
    };
    const { code } = await run(["serve", ...quiet], { signals, startApp: early });
    expect([code, heard]).toEqual([0, true]);
  });

  it("ends when something in it breaks, and means 1", async () => {
    const { events, startApp, started } = fakeApp();
    const signals = new EventEmitter();
    const running = run(["serve", ...quiet], { signals, startApp });
    await started;
    signals.emit("uncaughtException", new Error("broken"));
    const { code, stderr } = await running;
    expect([code, stderr, events]).toEqual([1, "sluice crashed: broken\n", ["abort"]]);
  });

  it("ends when something in it breaks while it drains", async () => {
    const { events, startApp, started, draining } = fakeApp();
    const signals = new EventEmitter();
    const running = run(["serve", ...quiet], { signals, startApp });
    await started;
    signals.emit("SIGTERM", "SIGTERM");
    await draining;
    signals.emit("uncaughtException", "odd");
    const { code, stderr } = await running;
    expect([code, stderr, events]).toEqual([1, "sluice crashed: odd\n", ["drain", "abort"]]);
  });

  it("ends when something breaks while it starts", async () => {
    const signals = new EventEmitter();
    const startApp: StartApp = () => {
      signals.emit("uncaughtException", new Error("broken"));
      return new Promise(() => {});
    };
    const { code, stderr } = await run(["serve", ...quiet], { signals, startApp });
    expect([code, stderr]).toEqual([1, "cannot start: broken\n"]);
  });
});
