import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CAPABILITIES } from "../../../src/app/options.ts";
import type { RoutingTable, SourceFile } from "../../../src/resources/index.ts";
import { type LastGood, RefusedResources, ServedResources } from "../../../src/runtime/index.ts";
import { noMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const service = (name: string): string => `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: ${name} }
spec: { path: /${name} }
`;

describe("resources that are served from files", () => {
  let directory: TempDirectory;
  let opened: ServedResources | undefined;
  let applied: string[];
  beforeEach(() => {
    directory = new TempDirectory();
    applied = [];
  });
  afterEach(() => {
    opened?.close();
    directory.remove();
  });

  const path = () => directory.join("services.yaml");
  const apply = async ({ services }: RoutingTable) => {
    applied.push(...services.map(({ path: served }) => served));
  };
  const open = async (lastGood?: LastGood) => {
    opened = await ServedResources.open({
      paths: [path()],
      pollMs: 60_000,
      capabilities: CAPABILITIES,
      runtime: { apply },
      metrics: noMetrics,
      logger: silentLogger,
      lastGood,
    });
  };
  const remembering = (kept: readonly SourceFile[] | undefined): LastGood => ({
    keep: () => {},
    recall: async () => kept,
  });

  it("are kept as the last good ones", async () => {
    writeFileSync(path(), service("now"));
    const kept: (readonly SourceFile[])[] = [];
    await open({ keep: (files) => void kept.push(files), recall: async () => undefined });
    expect(kept).toEqual([[{ name: path(), text: service("now") }]]);
  });

  it("are the last good ones where the files are refused at the start", async () => {
    writeFileSync(path(), "nonsense: [");
    await open(remembering([{ name: path(), text: service("before") }]));
    expect(applied).toEqual(["/before"]);
  });

  it("are the last good ones where the files are gone at the start", async () => {
    await open(remembering([{ name: path(), text: service("before") }]));
    expect(applied).toEqual(["/before"]);
  });

  it("are those of the files where both are good", async () => {
    writeFileSync(path(), service("now"));
    await open(remembering([{ name: path(), text: service("before") }]));
    expect(applied).toEqual(["/now"]);
  });

  it("are none where the files are refused and nothing good was served before", async () => {
    writeFileSync(path(), "nonsense: [");
    await expect(open(remembering(undefined))).rejects.toThrow(RefusedResources);
  });

  it("are none where the files are refused and nobody keeps the last good ones", async () => {
    await expect(open()).rejects.toThrow(RefusedResources);
  });
});
