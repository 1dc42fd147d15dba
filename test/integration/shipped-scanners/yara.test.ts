import { afterAll } from "vitest";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { loadYara } from "../../../src/scanners/yara/yara-native.ts";
import { describeShippedScanner } from "../../contracts/shipped-scanner.contract.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const work = new TempDirectory();
afterAll(() => work.remove());

if (loadYara().available) {
  describeShippedScanner({
    name: "yara",
    metric: "sluice_yara_rules",
    start: (server) =>
      scannerServer.yara(
        {
          rules: [],
          shippedRules: true,
          pollMs: 60_000,
          cacheDirectory: work.join("cache"),
          workDirectory: work.path,
          threads: 1,
        },
        server,
      ),
  });
}
