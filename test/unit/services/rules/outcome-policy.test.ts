import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  ClientProfile,
  Doubt,
  decideOutcome,
  Finding,
  findingOf,
  OutcomeAction,
  type OutcomeDecision,
  type OutcomePolicy,
  type OutcomeSettings,
  ServiceMode,
} from "../../../../src/services/rules/index.ts";

const page = readFileSync(new URL("../../../../docs/outcomes.md", import.meta.url), "utf8");

/** The rows of the table below a heading, as cells. */
function tableBelow(heading: string): string[][] {
  const section = page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function policyOf(action: OutcomeAction): OutcomePolicy {
  return Object.fromEntries(Object.values(Doubt).map((doubt) => [doubt, action])) as OutcomePolicy;
}

function settings(
  action: OutcomeAction,
  clientProfile: ClientProfile,
  mode: ServiceMode = ServiceMode.Enforce,
): OutcomeSettings {
  return { on: policyOf(action), clientProfile, mode };
}

/** A decision in the words of the page. */
function words({ answer, icapStatus, httpStatus }: OutcomeDecision): string {
  switch (answer) {
    case "unmodified":
      return "the message as it came";
    case "replacement":
      return "the replacement";
    case "block-page":
      return "the block page";
    case "failure-page":
      return `failure page, HTTP ${httpStatus}`;
    default:
      return `ICAP ${icapStatus}`;
  }
}

const known = tableBelow("What is known");
const doubts = tableBelow("What is not known");
const actions = Object.values(OutcomeAction);
const profiles = Object.values(ClientProfile);

describe("docs/outcomes.md", () => {
  it("has a row for each finding", () => {
    const rows = [...known, ...doubts].map(([finding]) => finding);
    expect(rows.sort()).toEqual(Object.values(Finding).sort());
  });
});

describe("a finding that leaves nothing to configure", () => {
  const cells = known.flatMap(([finding = "", , outcome = "", cause = "", answer = ""]) =>
    actions.flatMap((action) =>
      profiles.map((profile) => [finding, action, profile, outcome, cause, answer] as const),
    ),
  );
  it.each(cells)("%s, with %s and %s, is %s by %s: %s", (finding, action, profile, ...expected) => {
    const decision = decideOutcome(finding as Finding, settings(action, profile));
    expect([decision.outcome, decision.cause, words(decision)]).toEqual(expected);
  });
});

describe("a doubt", () => {
  const columns = [
    ["Allow", "Browser", 2],
    ["Allow", "Storage", 2],
    ["Block", "Browser", 3],
    ["Block", "Storage", 4],
    ["Error", "Browser", 5],
    ["Error", "Storage", 6],
  ] as const;
  const cells = doubts.flatMap((row) =>
    columns.map(
      ([action, profile, column]) => [row[0] ?? "", action, profile, row[column] ?? ""] as const,
    ),
  );
  it.each(cells)("%s with %s for %s gives %s", (finding, action, profile, expected) => {
    const decision = decideOutcome(finding as Finding, settings(action, profile));
    expect([decision.cause, words(decision)]).toEqual([finding, expected]);
  });

  it.each(Object.values(Doubt))("%s is decided by its own action and no other", (doubt) => {
    const on = { ...policyOf(OutcomeAction.Block), [doubt]: OutcomeAction.Allow };
    const allowed = Object.values(Doubt).filter(
      (other) =>
        decideOutcome(other, { ...settings("Block", "Browser"), on }).outcome === "unmodified",
    );
    expect(allowed).toEqual([doubt]);
  });

  it.each(cells.filter(([, action]) => action !== "Allow"))(
    "%s with %s for %s never passes",
    (finding, action, profile) => {
      const { outcome } = decideOutcome(finding as Finding, settings(action, profile));
      expect(["blocked", "failed"]).toContain(outcome);
    },
  );
});

describe("mode Monitor", () => {
  const cells = Object.values(Finding).flatMap((finding) =>
    actions.flatMap((action) => profiles.map((profile) => [finding, action, profile] as const)),
  );
  it.each(cells)("answers %s with %s for %s unmodified and tells what it withheld", (...cell) => {
    const [finding, action, profile] = cell;
    const enforced = decideOutcome(finding, settings(action, profile));
    const monitored = decideOutcome(finding, settings(action, profile, ServiceMode.Monitor));
    const withheld = enforced.outcome === "unmodified" ? {} : { withheld: enforced.outcome };
    expect(monitored).toEqual({
      outcome: "unmodified",
      cause: enforced.cause,
      answer: "unmodified",
      ...withheld,
    });
  });
});

describe("the finding of a verdict", () => {
  it.each(["clean", "blocked", "modified", "suspicious", "unscannable", "unknown", "pending"])(
    "%s is itself",
    (kind) => {
      expect(findingOf({ kind })).toBe(kind);
    },
  );
  it.each([
    [{ kind: "error", reason: "engine-error" }, "error"],
    [{ kind: "error", reason: "timeout" }, "timeout"],
    [{ kind: "error" }, "error"],
    [{ kind: "Clean" }, "error"],
    [{ kind: "allow" }, "error"],
  ])("of %j is %s", (verdict, finding) => {
    expect(findingOf(verdict)).toBe(finding);
  });
});
