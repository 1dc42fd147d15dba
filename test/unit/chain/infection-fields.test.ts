import { describe, expect, it } from "vitest";
import { reportedFinding } from "../../../src/chain/infection-fields.ts";

type Case = readonly [name: string, fields: readonly string[], found: object | undefined];

const threat = (name: string, path?: string): object => ({ name, ...(path && { path }) });

/** As servers of these makes send them. */
const cases: readonly Case[] = [
  [
    "c-icap, blocked",
    ["X-Infection-Found", "Type=0; Resolution=2; Threat=EICAR-Test-File;"],
    { threats: [threat("EICAR-Test-File")], reason: "malware", isRepaired: false },
  ],
  [
    "repaired",
    ["x-infection-found", "Type=0; Resolution=1; Threat=W97M.Melissa;"],
    { threats: [threat("W97M.Melissa")], reason: "malware", isRepaired: true },
  ],
  [
    "not repaired, though another was",
    [
      ...["X-Infection-Found", "Type=0; Resolution=1; Threat=A;"],
      ...["X-Infection-Found", "Type=0; Resolution=0; Threat=B;"],
    ],
    { threats: [threat("A"), threat("B")], reason: "malware", isRepaired: false },
  ],
  [
    "a policy, without the last semicolon",
    ["X-Infection-Found", "Type=1; Resolution=2; Threat=Card numbers"],
    { threats: [threat("Card numbers")], reason: "policy", isRepaired: false },
  ],
  [
    "a container",
    ["X-Infection-Found", "Type=2; Resolution=2; Threat=Encrypted;"],
    { threats: [threat("Encrypted")], reason: "archive-limit", isRepaired: false },
  ],
  [
    "a name alone",
    ["X-Virus-ID", "EICAR-Test-File"],
    { threats: [threat("EICAR-Test-File")], reason: "malware", isRepaired: false },
  ],
  [
    "violations, with more names than the infection field",
    [
      ...["X-Infection-Found", "Type=0; Resolution=2; Threat=A;"],
      ...["X-Violations-Found", "2 a.zip/x.exe A 7 2 - B 9 2"],
    ],
    { threats: [threat("A", "a.zip/x.exe"), threat("B")], reason: "malware", isRepaired: false },
  ],
  [
    "violations whose names have blanks",
    ["X-Violations-Found", "1 my file.exe A 7 2"],
    { threats: [threat("my file.exe A 7 2")], reason: "malware", isRepaired: false },
  ],
  [
    "MetaDefender, blocked without a threat",
    ["X-Response-Info", "Blocked", "X-Response-Desc", "Blocked by policy"],
    { threats: [threat("Blocked by policy")], reason: "policy", isRepaired: false },
  ],
  [
    "Skyhigh",
    ["X-Block-Reason", "Media type"],
    { threats: [threat("Media type")], reason: "policy", isRepaired: false },
  ],
  ["nothing", ["ISTag", '"a"'], undefined],
  ["an empty infection field", ["X-Infection-Found", ""], undefined],
  ["no violations", ["X-Violations-Found", "0"], undefined],
  ["allowed", ["X-Response-Info", "Allowed"], undefined],
];

describe("the fields of an answer say what was found", () => {
  it.each(cases)("%s", (_, fields, found) => {
    expect(reportedFinding(fields)).toEqual(found);
  });

  it("names thirty-two threats at most", () => {
    const facts = Array.from({ length: 100 }, (_, i) => `f${i} T${i} 1 2`).join(" ");
    expect(reportedFinding(["X-Violations-Found", `100 ${facts}`])?.threats).toHaveLength(32);
  });

  it("cuts a name to 256 characters", () => {
    const found = reportedFinding(["X-Virus-ID", "x".repeat(5000)]);
    expect(found?.threats[0]?.name).toHaveLength(256);
  });
});
