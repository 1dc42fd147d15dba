import { describe, expect, it } from "vitest";
import { startFailure } from "../../../src/cli/start-failure.ts";

describe("a failed start", () => {
  it.each([
    [
      new Error("listen EADDRINUSE: address already in use :::1344"),
      "cannot listen on [::]:1344: another program has this port; stop it, or choose another port",
    ],
    [
      new Error("bind EADDRINUSE 127.0.0.1:1344"),
      "cannot listen on 127.0.0.1:1344: another program has this port; stop it, or choose another port",
    ],
    [
      new Error("listen EACCES: permission denied 127.0.0.1:80"),
      "cannot listen on 127.0.0.1:80: no permission; ports below 1024 are for root, or need CAP_NET_BIND_SERVICE",
    ],
    [new Error("listen EWEIRD ::1:1344"), "cannot listen on [::1]:1344: EWEIRD"],
    [new Error("no such certificate"), "cannot start: no such certificate"],
    [
      new Error("ENOENT: no such file or directory, open '/etc/tls/key.pem'"),
      "cannot start: /etc/tls/key.pem: no such file or directory",
    ],
    [
      new Error("error:0480006C:PEM routines::no start line"),
      "cannot start: a certificate or its key cannot be used: no start line (PEM routines)",
    ],
    ["odd", "cannot start: odd"],
  ])("is told on one line, and means 1", (error, text) => {
    expect(startFailure(error)).toEqual({ text, exitCode: 1 });
  });

  it("names each problem of the resources on a line, and means 2", () => {
    const error = Object.assign(new Error("refused"), { problems: ["a.yaml:1: x", "b.yaml:2: y"] });
    expect(startFailure(error)).toEqual({ text: "a.yaml:1: x\nb.yaml:2: y", exitCode: 2 });
  });

  it("is left to the primary to tell where this is a worker", () => {
    const error = Object.assign(new Error("listen EACCES"), { isToldByPrimary: true });
    expect(startFailure(error)).toEqual({ text: "", exitCode: 1 });
  });
});
