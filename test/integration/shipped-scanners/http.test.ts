import { writeFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { describeShippedScanner } from "../../contracts/shipped-scanner.contract.ts";
import { answers, FakeScanner } from "../../support/fake-scanner.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const directory = new TempDirectory();
let vendor: FakeScanner;
beforeAll(async () => {
  vendor = await FakeScanner.start(answers({ infected: false }));
});
afterAll(async () => {
  await vendor.stop();
  directory.remove();
});

const templateFile = directory.join("mine.yaml");
writeFileSync(
  templateFile,
  `
steps: [{ name: scan, request: { method: POST, path: /scan, body: { mode: Raw } } }]
result: { verdict: "res.json.infected ? 'blocked' : 'clean'" }
`,
);

describeShippedScanner({
  name: "http",
  metric: "sluice_http_kept_bytes",
  start: (server) =>
    scannerServer.http(
      {
        templateFile,
        preset: undefined,
        url: vendor.url,
        params: {},
        secretsDirectory: undefined,
        caFile: undefined,
        workDirectory: directory.path,
      },
      server,
    ),
});
