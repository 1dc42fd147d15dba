import { afterAll, beforeAll } from "vitest";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { describeShippedScanner } from "../../contracts/shipped-scanner.contract.ts";
import { atEnd, FakeClamd } from "../clamav/fake-clamd.ts";

let clamd: FakeClamd;
beforeAll(async () => {
  clamd = await FakeClamd.start(atEnd((socket) => socket.end("stream: OK\0")));
});
afterAll(() => clamd.stop());

describeShippedScanner({
  name: "clamav",
  metric: "sluice_clamd_scans_total",
  start: (server) =>
    scannerServer.clamav(
      {
        clamds: [clamd.flag],
        connectTimeoutMs: 5000,
        probeIntervalMs: 1000,
        ownEpoch: undefined,
      },
      server,
    ),
});
