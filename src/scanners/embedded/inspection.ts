import {
  combineVerdicts,
  errorVerdict,
  type Threat,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../../scanning/index.ts";
import { unpackerFor } from "../archive/formats.ts";
import {
  ContainerLimit,
  EntityLimit,
  InspectionOver,
  UnpackBudget,
  type UnpackBudgetOptions,
  UnpackCancelled,
  UnpackFailure,
} from "../archive/limits.ts";
import { asFailure, isAboutContent, readMember } from "../archive/member-reader.ts";
import type { Member, MemberSink, Unpacker } from "../archive/unpacker.ts";
import {
  type ContentEngine,
  EngineTimeout,
  type Finding,
  Severity,
} from "../content/content-engine.ts";
import type { MemberStoreOptions } from "../content/member-store.ts";
import { Specimen } from "../content/specimen.ts";

export interface InspectionOptions extends UnpackBudgetOptions {
  readonly engines: readonly ContentEngine[];
  readonly store: MemberStoreOptions;
}

const MAX_THREATS = 32;
const MAX_PATH_CHARS = 512;

/**
 * Judges one entity: every engine looks at it and at everything found inside it, containers in
 * containers included. Ends at the first thing that blocks. What could not be looked into does not
 * end it, so that a threat beside an encrypted member is still found.
 */
export class Inspection {
  readonly #options: InspectionOptions;
  readonly #budget: UnpackBudget;
  readonly #suspicious: Threat[] = [];
  /** The first verdict of each kind and reason; a thousand encrypted members are one fact. */
  readonly #verdicts = new Map<string, Verdict>();

  constructor(options: InspectionOptions) {
    this.#options = options;
    this.#budget = new UnpackBudget(options);
  }

  /** Never rejects. Closes the specimen. */
  async judge(specimen: Specimen): Promise<Verdict> {
    try {
      await this.#judge(specimen);
    } catch (error) {
      if (error instanceof UnpackCancelled) {
        this.#note(errorVerdict(VerdictReason.Timeout, "the scan was cancelled"));
      } else if (!(error instanceof InspectionOver)) {
        this.#note(errorVerdict(VerdictReason.EngineError, messageOf(error)));
      }
    } finally {
      specimen.source.close();
    }
    return this.#verdict();
  }

  #verdict(): Verdict {
    const noted = [...this.#verdicts.values()];
    if (this.#suspicious.length > 0) {
      noted.push({
        kind: VerdictKind.Suspicious,
        reason: VerdictReason.Malware,
        threats: this.#suspicious,
      });
    }
    return combineVerdicts([...noted, { kind: VerdictKind.Clean, threats: [] }]);
  }

  async #judge(specimen: Specimen): Promise<void> {
    for (const engine of this.#options.engines) this.#ask(engine, specimen);
    const unpack = unpackerFor(specimen);
    if (unpack !== undefined) await this.#lookInto(specimen, unpack);
  }

  #ask(engine: ContentEngine, specimen: Specimen): void {
    let findings: readonly Finding[] = [];
    try {
      findings = engine.inspect(specimen);
    } catch (error) {
      const reason =
        error instanceof EngineTimeout ? VerdictReason.Timeout : VerdictReason.EngineError;
      this.#note(errorVerdict(reason, `${engine.name}: ${messageOf(error)}`));
    }
    for (const { threat } of findings.filter((one) => one.severity === Severity.Suspicious)) {
      if (this.#suspicious.length < MAX_THREATS) {
        this.#suspicious.push(located(threat, engine, specimen));
      }
    }
    this.#block(
      findings.filter((one) => one.severity === Severity.Block),
      engine,
      specimen,
    );
  }

  #block(findings: readonly Finding[], engine: ContentEngine, specimen: Specimen): void {
    const [first] = findings;
    if (first === undefined) return;
    this.#note({
      kind: VerdictKind.Blocked,
      reason: first.reason,
      threats: findings
        .slice(0, MAX_THREATS)
        .map(({ threat }) => located(threat, engine, specimen)),
    });
    throw new InspectionOver();
  }

  async #lookInto(specimen: Specimen, unpack: Unpacker): Promise<void> {
    if (specimen.depth >= this.#budget.limits.maxDepth) {
      const message = `more than ${this.#budget.limits.maxDepth} containers inside each other`;
      this.#noteFailure(new ContainerLimit(message), specimen.path);
      return;
    }
    const container = { source: specimen.source, fileName: specimen.fileName };
    try {
      await unpack(container, this.#sinkFor(specimen));
    } catch (error) {
      if (!isAboutContent(error)) throw error;
      this.#noteFailure(asFailure(error), specimen.path);
      if (error instanceof EntityLimit) throw new InspectionOver();
    }
  }

  #sinkFor(container: Specimen): MemberSink {
    const budget = this.#budget.container(container.size);
    return {
      budget,
      store: this.#options.store,
      member: async (member) => {
        budget.whole.countEntry();
        const { source, failure } = await readMember(member, budget, this.#options.store);
        await this.#judgeMember(container, member, source);
        if (failure === undefined) return;
        this.#noteFailure(failure, container.pathOf(member.name));
        if (failure instanceof ContainerLimit || failure instanceof EntityLimit) throw failure;
      },
      cannotLookInto: (reason, message, name) => {
        const path = name === undefined ? container.path : container.pathOf(name);
        this.#noteFailure(new UnpackFailure(reason, message), path);
      },
    };
  }

  async #judgeMember(
    container: Specimen,
    { name }: Member,
    source: Specimen["source"],
  ): Promise<void> {
    const path = container.pathOf(name).slice(0, MAX_PATH_CHARS);
    const specimen = new Specimen(source, { fileName: name, path, depth: container.depth + 1 });
    try {
      await this.#judge(specimen);
    } finally {
      source.close();
    }
  }

  #noteFailure({ reason, message }: UnpackFailure, path: string): void {
    const where = path === "" ? "" : `${path.slice(0, MAX_PATH_CHARS)}: `;
    this.#note(unscannableVerdict(reason, `${where}${message}`));
  }

  #note(verdict: Verdict): void {
    const key = `${verdict.kind} ${verdict.reason}`;
    if (!this.#verdicts.has(key)) this.#verdicts.set(key, verdict);
  }
}

function located(threat: Threat, engine: ContentEngine, specimen: Specimen): Threat {
  const path = specimen.path === "" ? {} : { path: specimen.path };
  return { engine: engine.name, ...threat, ...path };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
