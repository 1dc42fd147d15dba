/** Sluice asks Debian's c-icap, whose virus_scan asks clamd. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { eicar } from "../../support/eicar.ts";
import { describeWith } from "../../support/programs.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { clamavPrograms, useClamd } from "../clamav/clamd-server.ts";
import { CIcapServer, cIcapPrograms } from "./c-icap-server.ts";
import { useIcapScanners } from "./other-server.ts";

describeWith([...cIcapPrograms, ...clamavPrograms], "c-icap as a scanner", () => {
  const clamd = useClamd();
  const { create } = useIcapScanners();
  let server: CIcapServer;
  beforeAll(async () => {
    server = await CIcapServer.start(clamd().flag.replace("unix:", ""));
  });
  afterAll(() => server.remove());

  it.each(["REQMOD", "RESPMOD"] as const)("blocks what clamd finds, by %s", async (method) => {
    const scanner = await create([server.url("virus_scan")], { method });
    const verdict = await scanner.scan(entityOf(eicar), scanContext());
    expect(verdict).toMatchObject({ kind: "blocked", reason: "malware" });
    expect(verdict.threats[0]?.name).toContain("EICAR");
  });

  it.each(["REQMOD", "RESPMOD"] as const)(
    "lets pass what clamd does not, by %s",
    async (method) => {
      const scanner = await create([server.url("virus_scan")], { method });
      const large = entityOf(Buffer.alloc(300_000, "harmless "), { declaredType: "text/plain" });
      expect(await scanner.scan(large, scanContext())).toMatchObject({
        kind: "clean",
        threats: [],
      });
    },
  );

  it("takes an echo for what it is, though it is no 204", async () => {
    const scanner = await create([server.url("echo")]);
    const entity = entityOf(Buffer.alloc(100_000, "x"));
    expect((await scanner.scan(entity, scanContext())).kind).toBe("clean");
  });

  it("has c-icap's tag as its epoch", async () => {
    const scanner = await create([server.url("virus_scan")]);
    expect(scanner.epoch).toMatch(/^CI0001-/);
  });
});
