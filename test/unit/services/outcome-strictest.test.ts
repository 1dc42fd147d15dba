import { describe, expect, it } from "vitest";
import { BlockPages } from "../../../src/services/block-page/index.ts";
import { OutcomeMaker } from "../../../src/services/outcome-maker.ts";
import {
  ClientProfile,
  type Finding,
  OutcomeAction,
  ServiceMode,
} from "../../../src/services/rules/index.ts";

const { Allow, Block, Error: Fail } = OutcomeAction;

function makerWith(mode: ServiceMode = ServiceMode.Enforce): OutcomeMaker {
  return new OutcomeMaker({
    service: "scan",
    pages: new BlockPages(),
    violations: false,
    via: "sluice",
    mode,
    clientProfile: ClientProfile.Browser,
    on: {
      error: Fail,
      timeout: Fail,
      oversize: Block,
      unscannable: Allow,
      suspicious: Block,
      unknown: Allow,
      pending: Block,
    },
  });
}

describe("the strictest of several findings", () => {
  const cases: [Finding[], Finding][] = [
    [["unscannable", "suspicious"], "suspicious"],
    [["error", "suspicious"], "suspicious"],
    [["unscannable", "error"], "error"],
    [["unscannable", "unknown"], "unscannable"],
    [["blocked", "suspicious"], "blocked"],
  ];

  it.each(cases)("of %j is %s, whatever their order as verdicts", (findings, strictest) => {
    const [first, ...rest] = findings as [Finding, ...Finding[]];
    expect(makerWith().strictest([first, ...rest])).toBe(strictest);
  });

  it("is the same in a service that only monitors", () => {
    const monitor = makerWith(ServiceMode.Monitor);
    expect(monitor.strictest(["unscannable", "suspicious"])).toBe("suspicious");
  });
});
