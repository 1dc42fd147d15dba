import { type Threat, VerdictReason } from "../../scanning/index.ts";
import { withBytes } from "../content/byte-source.ts";
import {
  type ContentEngine,
  EngineTimeout,
  type Finding,
  Severity,
} from "../content/content-engine.ts";
import type { Specimen } from "../content/specimen.ts";
import type { CompiledRules } from "./compiled-rules.ts";
import type { RuleSource } from "./rule-files.ts";
import type { YaraMatch, YaraNative, YaraRules } from "./yara-native.ts";

export interface YaraEngineOptions {
  readonly native: YaraNative;
  readonly sources: readonly RuleSource[];
  /** Longest scan of one window; the engine ends within a second of it. */
  readonly timeoutMs: number;
  /** Content up to this is scanned in one piece. */
  readonly windowBytes: number;
  /** Where compiled rules are kept for the next start. */
  readonly cache?: CompiledRules | undefined;
}

const KiB = 1024;

/** Bytes that neighbouring windows share, so that a pattern across their border is in one of them. */
const OVERLAP_BYTES = 64 * KiB;

/** The start of the content, put before each later window: rules test it (`uint16(0) == 0x5a4d`). */
const HEAD_BYTES = 64 * KiB;

/**
 * A match is copied into strings that nobody reads; a rule that counts further than this is rare,
 * content made of a million matches is not.
 */
const MAX_MATCHES_PER_PATTERN = 1000;

const MAX_VARIABLE_CHARS = 1024;

/** External variables; the names are those that public rule collections use (LOKI, signature-base). */
const noVariables = { filename: "", filepath: "", extension: "", filetype: "", owner: "" };

/**
 * YARA-X with compiled rules. A rule's `meta` says what a match means: `name` the threat's name
 * (default: the rule's identifier), `severity` `block` (default) or `suspicious`, `author` and
 * `reference` go into the threat's `ref`.
 */
export class YaraEngine implements ContentEngine {
  readonly name = "yara-x";
  readonly #rules: YaraRules;
  readonly #windowBytes: number;

  /** Compiles, unless that was done before. Throws with file and line when a rule is wrong. */
  constructor(options: YaraEngineOptions) {
    this.#rules = compiledOnce(options);
    this.#rules.setTimeout(options.timeoutMs);
    this.#rules.setMaxMatchesPerPattern(MAX_MATCHES_PER_PATTERN);
    this.#windowBytes = options.windowBytes;
  }

  inspect(specimen: Specimen): Finding[] {
    const variables = variablesOf(specimen);
    if (specimen.size <= this.#windowBytes) {
      return withBytes(specimen.source, { offset: 0, length: specimen.size }, (bytes) =>
        this.#scan(bytes, variables).map(findingOf),
      );
    }
    const found = new Map<string, YaraMatch>();
    for (const window of windowsOf(specimen.size, this.#windowBytes)) {
      for (const match of this.#scanWindow(specimen, window, variables)) {
        found.set(`${match.namespace}:${match.ruleIdentifier}`, match);
      }
    }
    return [...found.values()].map(findingOf);
  }

  #scanWindow(
    specimen: Specimen,
    window: { readonly offset: number; readonly length: number },
    variables: Readonly<Record<string, string>>,
  ): YaraMatch[] {
    if (window.offset === 0) {
      return withBytes(specimen.source, window, (bytes) => this.#scan(bytes, variables));
    }
    const bytes = Buffer.allocUnsafeSlow(HEAD_BYTES + window.length);
    try {
      specimen.source.readInto(bytes.subarray(0, HEAD_BYTES), 0);
      specimen.source.readInto(bytes.subarray(HEAD_BYTES), window.offset);
      return this.#scan(bytes, variables);
    } finally {
      bytes.buffer.transfer(0);
    }
  }

  #scan(bytes: Buffer, variables: Readonly<Record<string, string>>): YaraMatch[] {
    try {
      return this.#rules.scan(bytes, variables);
    } catch (error) {
      if (error instanceof Error && /timed out/i.test(error.message)) {
        throw new EngineTimeout("a rule took too long", { cause: error });
      }
      throw error;
    }
  }
}

function* windowsOf(
  size: number,
  windowBytes: number,
): Generator<{ offset: number; length: number }> {
  for (let offset = 0; ; offset += windowBytes - OVERLAP_BYTES) {
    yield { offset, length: Math.min(windowBytes, size - offset) };
    if (offset + windowBytes >= size) return;
  }
}

function variablesOf(specimen: Specimen): Readonly<Record<string, string>> {
  return {
    ...noVariables,
    filename: asText(specimen.fileName),
    filepath: asText(specimen.path),
    extension: asText(specimen.extension),
    filetype: asText(specimen.detectedType ?? specimen.declaredType ?? ""),
  };
}

/** The binding takes texts like these for a boolean or an integer, and then refuses them. */
const notTakenForText = /^(?:true|false|[+-]?\d+)$/i;

function asText(value: string): string {
  const text = value.slice(0, MAX_VARIABLE_CHARS);
  return notTakenForText.test(text) ? `${text}\0` : text;
}

function compiledOnce({ native, sources, cache }: YaraEngineOptions): YaraRules {
  const known = cache?.read();
  if (known !== undefined) return native.deserialize(known);
  const rules = compiled(native, sources);
  cache?.write(() => rules.serialize());
  return rules;
}

function compiled(native: YaraNative, sources: readonly RuleSource[]): YaraRules {
  const options = { defineVariables: noVariables, enableIncludes: false, relaxedReSyntax: true };
  try {
    const rules = native.compile("", options);
    rules.addRuleSources(sources);
    return rules;
  } catch (error) {
    // The compiler's message has a line but not the file.
    for (const { source, namespace } of sources) {
      const [first] = native.validate(source, options).errors;
      if (first !== undefined) throw new Error(`${namespace}: ${first.message}`, { cause: error });
    }
    throw error;
  }
}

function findingOf(match: YaraMatch): Finding {
  return {
    severity: match.meta["severity"] === "suspicious" ? Severity.Suspicious : Severity.Block,
    reason: VerdictReason.Malware,
    threat: { ...threatRef(match), name: String(match.meta["name"] ?? match.ruleIdentifier) },
  };
}

function threatRef({ meta }: YaraMatch): Pick<Threat, "ref"> {
  const parts = [meta["author"], meta["reference"]].filter((part) => typeof part === "string");
  return parts.length === 0 ? {} : { ref: parts.join(", ") };
}
