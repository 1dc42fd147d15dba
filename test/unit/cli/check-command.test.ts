import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resourceTools } from "../../../src/app/resources.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { run } from "./fake-context.ts";

const service = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: downloads, namespace: security }
spec:
  path: /downloads
  methods: [RESPMOD]
  preview: { bytes: 1024 }
  rules:
  - { name: updates, when: 'request.host == "updates.example"', then: Skip }
  - name: programs
    when: |
      entity.type ==
        "application/x-dosexec"
    then: Block
    message: "no\\u001b[31m programs"
  scanners:
  - { name: engines, ref: { kind: IcapScanner, name: engines }, timeout: 5s }
  outcomes: { error: Error }
  limits: { maxEntityBytes: 10Mi, maxConnections: 7 }
  mode: Monitor
  clientProfile: Storage
  allowedClients: [10.0.0.0/8]
  shareIdentity: [Logs]
  block: { status: 451, contact: help@example.com }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: engines, namespace: security }
spec: { protocol: { type: Embedded, embedded: { hashList: /etc/hashes } } }
`;

const elsewhere = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: mail }
spec: { gateway: other, path: /mail }
`;

/** Files in a directory of their own, and the directory. */
function files(contents: Readonly<Record<string, string>>) {
  const directory = new TempDirectory();
  for (const [name, text] of Object.entries(contents)) writeFileSync(directory.join(name), text);
  return directory;
}

describe("sluice check", () => {
  it("prints what would be served", async () => {
    using directory = files({ "a.yaml": service });
    const { code, stdout, stderr } = await run(["check", "-f", directory.join("a.yaml")]);
    const hashesHidden = stdout.replaceAll(/\b[0-9a-f]{12}\b/g, "HASH");
    expect([code, stderr, hashesHidden]).toEqual([
      0,
      "",
      `gateway default, revision HASH, 1 service, 1 scanner

/downloads  IcapService/security/downloads
  methods    RESPMOD
  preview    1024 bytes
  mode       Monitor
  profile    Storage
  rules      1. Skip updates: request.host == "updates.example"
             2. Block programs: entity.type == "application/x-dosexec"  "no [31m programs"
  scanners   engines → IcapScanner/security/engines, Hold, 5s
  combine    AnyBlocks
  outcomes   Error: error; Block: timeout oversize unscannable pending; Allow: suspicious unknown
  limits     entity 10Mi, transaction 1m, connections 7
  clients    10.0.0.0/8
  block      HTTP 451, built-in page, contact help@example.com
  identity   Logs
  istag from generation HASH, epoch of engines

IcapScanner/security/engines
  protocol   Embedded
  rules      those that come with Sluice
  hashes     /etc/hashes
  limits     concurrency 32, queue 256
  used by    /downloads
  hash       HASH
`,
    ]);
  });

  it("prints the routing table as JSON", async () => {
    using directory = files({ "a.yaml": service });
    const { stdout } = await run(["check", "--json", directory.path]);
    const result = await resourceTools.check([directory.path]);
    expect(result).toEqual({ table: JSON.parse(stdout), elsewhere: [] });
  });

  it("judges the built-in resources when it is given none", async () => {
    const { code, stdout } = await run(["check"]);
    expect([code, stdout.includes("\n/scan  IcapService/default/scan\n")]).toEqual([0, true]);
  });

  it("takes paths, files and directories, with and without -f", async () => {
    using directory = files({ "b.yaml": service });
    using other = files({
      "a.yaml": service.replaceAll("security", "b").replace("/downloads", "/b"),
    });
    const { stdout } = await run(["check", "-f", directory.path, other.join("a.yaml")]);
    expect(stdout).toContain("2 services");
  });

  it("says which objects another gateway serves", async () => {
    using directory = files({ "a.yaml": service, "b.yaml": elsewhere });
    const { code, stderr } = await run(["check", directory.path]);
    expect([code, stderr]).toEqual([
      0,
      "IcapService/default/mail: of another gateway, not served\n",
    ]);
  });

  it("prints every problem of every file on a line, and means 2", async () => {
    using directory = files({
      "a.yaml": service.replace("error: Error", "eror: Error"),
      "b.yaml": "kind: [",
      "c.yaml": service
        .replace("mode: Monitor", "mode: Loose")
        .replace("name: downloads", "name: other"),
    });
    const { code, stdout, stderr } = await run(["check", directory.path]);
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(`${directory.path}/`, ""));
    expect([code, stdout, lines.map((line) => line.split(" ")[0])]).toEqual([
      2,
      "",
      ["a.yaml:18:", "a.yaml:28:", "b.yaml:1:", "c.yaml:20:", "c.yaml:28:"],
    ]);
  });

  it.each([
    [
      "that are not there",
      "none.yaml",
      /^.*none\.yaml: cannot be read: no such file or directory\n$/,
    ],
    [
      "that are no resource files",
      "",
      /^no resource files: none ends in \.yaml, \.yml or \.json\n$/,
    ],
  ])("refuses paths %s, and means 2", async (_what, name, expected) => {
    using directory = files({ "notes.txt": "" });
    const { code, stderr } = await run(["check", directory.join(name)]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
  });

  it("refuses files that leave nothing to serve, and means 2", async () => {
    using directory = files({ "a.yaml": elsewhere });
    const { code, stderr } = await run(["check", directory.join("a.yaml")]);
    expect([code, stderr]).toEqual([
      2,
      `${directory.join("a.yaml")}: no IcapService that this gateway serves\n`,
    ]);
  });
});
