import {
  errorVerdict,
  type Threat,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../../scanning/index.ts";
import type { ExecConfig } from "./exec-config.ts";
import { type ProgramResult, resultExpression } from "./result-language.ts";

type MappingConfig = Pick<
  ExecConfig,
  "name" | "exitCodes" | "verdict" | "threats" | "message" | "score" | "reason"
>;

const MAX_THREATS = 100;
const MAX_LOGGED_CHARS = 256;

/** `pending` and what is no word of ours are not for a program to say. */
const words: readonly string[] = Object.values(VerdictKind).filter(
  (kind) => kind !== VerdictKind.Pending,
);

/**
 * What a program's end means. Nothing is clean but what the configuration calls so: an exit code
 * that it does not name, a word that is none and an expression that fails are `error`.
 */
export class ResultMapping {
  readonly #config: MappingConfig;
  readonly #read: Readonly<
    Record<
      "verdict" | "threats" | "message" | "score",
      ((from: ProgramResult) => unknown) | undefined
    >
  >;

  constructor(config: MappingConfig) {
    this.#config = config;
    const expression = (source: string | undefined, gives: string) =>
      source === undefined ? undefined : resultExpression(source, gives);
    this.#read = {
      verdict: expression(config.verdict, "string"),
      threats: expression(config.threats, "list"),
      message: expression(config.message, "string"),
      score: expression(config.score, "double"),
    };
  }

  /** Never throws. */
  verdict(result: ProgramResult): Verdict {
    try {
      const kind = this.#kind(result);
      return kind === undefined ? unexplained(result) : this.#whole(kind, result);
    } catch (error) {
      const [line] = (error as Error).message.split("\n", 1);
      return errorVerdict(VerdictReason.EngineError, `expression: ${line}`);
    }
  }

  #kind(result: ProgramResult): VerdictKind | undefined {
    const { exitCodes } = this.#config;
    const byCode = result.signal === "" ? exitCodes[String(result.exitCode)] : undefined;
    const word = byCode ?? this.#read.verdict?.(result);
    return words.find((one) => one === word) as VerdictKind | undefined;
  }

  #whole(kind: VerdictKind, result: ProgramResult): Verdict {
    if (kind === VerdictKind.Error) return unexplained(result);
    const { threats: readThreats, message, score } = this.#read;
    const threats = kind === VerdictKind.Clean ? [] : this.#threats(readThreats?.(result));
    const reason = this.#reason(kind);
    return {
      kind,
      threats,
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message: String(message(result)) }),
      ...(score !== undefined && { score: share(score(result)) }),
    };
  }

  #reason(kind: VerdictKind): VerdictReason | undefined {
    if (kind === VerdictKind.Clean || kind === VerdictKind.Unknown) return undefined;
    return (
      this.#config.reason ?? (kind === VerdictKind.Blocked ? VerdictReason.Malware : undefined)
    );
  }

  #threats(found: unknown): Threat[] {
    if (!Array.isArray(found)) return [];
    return found
      .slice(0, MAX_THREATS)
      .map((one) => ({ engine: this.#config.name, ...threatOf(one) }));
  }
}

/** A text is the name; a map has members of a threat. */
function threatOf(value: unknown): Threat {
  if (value === null || typeof value !== "object") return { name: String(value) };
  const members = value instanceof Map ? Object.fromEntries(value) : (value as object);
  const { name = "unnamed", path, ref } = members as Readonly<Record<string, unknown>>;
  return {
    name: String(name),
    ...(path !== undefined && { path: String(path) }),
    ...(ref !== undefined && { ref: String(ref) }),
  };
}

function share(value: unknown): number {
  const number = Number(value);
  if (!(number >= 0 && number <= 1)) throw new RangeError("the score is not between 0 and 1");
  return number;
}

function unexplained({ exitCode, signal, stderr }: ProgramResult): Verdict {
  const how = signal === "" ? `ended with ${exitCode}` : `was ended by ${signal}`;
  const [line = ""] = stderr.trim().split("\n", 1);
  const said = line === "" ? "" : `: ${line.slice(0, MAX_LOGGED_CHARS)}`;
  return errorVerdict(VerdictReason.EngineError, `the program ${how}${said}`);
}
