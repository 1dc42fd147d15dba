import { describe, expect, it } from "vitest";
import { compileRules, type Rule, type RuleFacts } from "../../../../src/services/rules/index.ts";
import { factsOf } from "./facts-of.ts";

const rule = (name: string, when: string, action: Rule["action"], message?: string): Rule => ({
  name,
  when,
  action,
  message,
});

describe("a rule set", () => {
  it("scans when no rule matches", () => {
    const rules = compileRules([rule("never", "false", "Block")]);
    expect(rules.decide(factsOf())).toEqual({
      action: "Scan",
      rule: undefined,
      message: undefined,
      monitored: [],
      failures: [],
    });
  });

  it("scans when there are no rules", () => {
    expect(compileRules([]).decide(factsOf()).action).toBe("Scan");
  });

  it.each(["Skip", "Scan", "Block"] as const)("lets a matching %s rule decide", (action) => {
    const decision = compileRules([rule("only", "true", action)]).decide(factsOf());
    expect(decision).toMatchObject({ action, rule: "only" });
  });

  it("lets the first of several matching rules decide", () => {
    const rules = compileRules([
      rule("first", "request.method == 'POST'", "Skip"),
      rule("second", "request.method == 'GET'", "Block"),
      rule("third", "true", "Skip"),
    ]);
    expect(rules.decide(factsOf())).toMatchObject({ action: "Block", rule: "second" });
  });

  it("hands the rule's message to the block page", () => {
    const rules = compileRules([rule("no", "true", "Block", "Ask the helpdesk.")]);
    expect(rules.decide(factsOf()).message).toBe("Ask the helpdesk.");
  });

  it("notes Monitor rules that match and goes on", () => {
    const rules = compileRules([
      rule("watched", "true", "Monitor"),
      rule("unmatched", "false", "Monitor"),
      rule("block", "true", "Block"),
    ]);
    expect(rules.decide(factsOf())).toMatchObject({
      action: "Block",
      rule: "block",
      monitored: ["watched"],
    });
  });

  it("notes Monitor rules when nothing decides", () => {
    const rules = compileRules([rule("watched", "true", "Monitor")]);
    expect(rules.decide(factsOf())).toMatchObject({ action: "Scan", monitored: ["watched"] });
  });

  it("answers Error when the deciding rule throws", () => {
    const rules = compileRules([
      rule("fragile", 'request.headers["x-absent"] == "1"', "Skip"),
      rule("later", "true", "Skip"),
    ]);
    expect(rules.decide(factsOf())).toMatchObject({
      action: "Error",
      rule: "fragile",
      failures: [{ rule: "fragile", message: "No such key: x-absent" }],
    });
  });

  it("gives no message of a rule that threw to the block page", () => {
    const rules = compileRules([
      rule("fragile", 'request.headers["x"] == "1"', "Block", "You are blocked."),
    ]);
    expect(rules.decide(factsOf()).message).toBeUndefined();
  });

  it("goes on after a Monitor rule that throws, and tells of it", () => {
    const rules = compileRules([
      rule("fragile", 'request.headers["x"] == "1"', "Monitor"),
      rule("skip", "true", "Skip"),
    ]);
    expect(rules.decide(factsOf())).toMatchObject({
      action: "Skip",
      monitored: [],
      failures: [{ rule: "fragile" }],
    });
  });

  it("answers Error for a rule that does not compile, rather than losing it", () => {
    const rules = compileRules([rule("broken", "request.nope == 1", "Block")]);
    expect(rules.decide(factsOf())).toMatchObject({ action: "Error", rule: "broken" });
  });

  it("answers Error when a fact throws", () => {
    const facts: RuleFacts = {
      ...factsOf(),
      get client(): never {
        throw new Error("identity cannot be decoded");
      },
    };
    const rules = compileRules([rule("who", 'client.user == "root"', "Block")]);
    expect(rules.decide(facts).failures).toEqual([
      { rule: "who", message: "identity cannot be decoded" },
    ]);
  });

  it("is decided by the second operand when the first one throws, as CEL has it", () => {
    const rules = compileRules([
      rule("either", 'request.headers["x"] == "1" || request.method == "GET"', "Skip"),
    ]);
    expect(rules.decide(factsOf()).action).toBe("Skip");
  });
});

describe("the facts", () => {
  it("are read only as far as rules name them", () => {
    const read: string[] = [];
    const facts = new Proxy(factsOf(), {
      get: (target, name) => {
        read.push(String(name));
        return Reflect.get(target, name);
      },
    });
    compileRules([rule("a", 'request.method == "POST" && client.user == "x"', "Block")]).decide(
      facts,
    );
    expect(read).toEqual(["request"]);
  });

  it("are read once for all rules of a decision", () => {
    let reads = 0;
    const facts: RuleFacts = {
      ...factsOf(),
      get now() {
        reads += 1;
        return new Date();
      },
    };
    const later = 'now < timestamp("2000-01-01T00:00:00Z")';
    compileRules([rule("a", later, "Block"), rule("b", later, "Block")]).decide(facts);
    expect(reads).toBe(1);
  });

  it("that a rule set uses are known before the first message", () => {
    const rules = compileRules([
      rule("a", 'request.host.inDomain("a.example") && entity.type == "x/y"', "Skip"),
      rule("b", "client.groups.exists(g, g == service.name) && now.getHours() > 3", "Skip"),
      rule("c", '"user-agent" in request.headers', "Skip"),
    ]);
    expect([...rules.uses].sort()).toEqual([
      "client.groups",
      "entity.type",
      "now",
      "request.headers",
      "request.host",
      "service.name",
    ]);
  });
});
