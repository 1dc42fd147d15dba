import { AddressRanges } from "../addresses/index.ts";
import type { EntityExtractor } from "../entity/index.ts";
import type { Scanner, Screening } from "../scanning/index.ts";
import { makeIstag } from "./istag.ts";
import type { Message } from "./message.ts";
import { type OptionsFacts, optionsFields } from "./options-fields.ts";
import { OutcomeMaker, type OutcomeMakerOptions } from "./outcome-maker.ts";
import { NO_OVERRIDES, type Overrides } from "./overrides.ts";
import { compileRules, type Rule, type RuleSet } from "./rules/index.ts";
import { ScanExamination } from "./scan-examination.ts";
import type { Examination, MessageSource, Service } from "./service.ts";
import { UNTOUCHED, UNTOUCHED_FIELDS } from "./untouched.ts";

export interface ScanServiceOptions
  extends Omit<OptionsFacts, "asksIdentity">,
    Omit<OutcomeMakerOptions, "service"> {
  readonly namespace: string;
  readonly path: string;
  /** Changes exactly when an answer to the same message could change; feeds the ISTag. */
  readonly generation: string;
  readonly rules: readonly Rule[];
  /** Judges what the rules leave; undefined: nothing is scanned. */
  readonly scanner: Scanner | undefined;
  /** Asks scanners about the beginning of an entity; left out: none of them is. */
  readonly screening?: Screening | undefined;
  /** What operators say of contents, before scanners are asked; left out: nothing. */
  readonly overrides?: Overrides | undefined;
  readonly extractor: EntityExtractor;
  readonly maxEntityBytes: number;
  readonly transactionTimeoutMs: number;
  readonly recordsIdentity: boolean;
  /** Scanners are told who the user is. */
  readonly sharesIdentity: boolean;
  /** Networks of ICAP clients that may use it, in CIDR notation; empty: all. */
  readonly allowedClients: readonly string[];
}

/**
 * A service as resources declare it: rules decide first, scanners judge what they leave, the outcome
 * policy says what follows. Without rules and scanners every message comes back as it came.
 */
export class ScanService implements Service {
  readonly name: string;
  readonly path: string;
  readonly methods: Service["methods"];
  readonly optionsFields: string;
  readonly unmodifiedFields = UNTOUCHED_FIELDS;
  readonly maxEntityBytes: number;
  readonly transactionTimeoutMs: number;
  readonly recordsIdentity: boolean;
  readonly #options: ScanServiceOptions;
  readonly #rules: RuleSet;
  readonly #outcomes: OutcomeMaker;
  readonly #allowed: AddressRanges;
  readonly #overrides: Overrides;
  #epoch: string | undefined;
  #overridesVersion: number | undefined;
  #istag = "";

  constructor(options: ScanServiceOptions) {
    this.#options = options;
    this.name = options.name;
    this.path = options.path;
    this.methods = options.methods;
    this.maxEntityBytes = options.maxEntityBytes;
    this.transactionTimeoutMs = options.transactionTimeoutMs;
    this.recordsIdentity = options.recordsIdentity;
    this.#overrides = options.overrides ?? NO_OVERRIDES;
    this.#rules = compileRules(options.rules);
    const { recordsIdentity, sharesIdentity } = options;
    const asksIdentity = recordsIdentity || sharesIdentity || readsIdentity(this.#rules);
    this.optionsFields = optionsFields({ ...options, asksIdentity });
    this.#outcomes = new OutcomeMaker({ ...options, service: options.name });
    this.#allowed = new AddressRanges(options.allowedClients);
  }

  /** Follows the scanners' epochs and what operators say: either may change the answer to the same bytes. */
  get istag(): string {
    const epoch = this.#options.scanner?.epoch ?? "";
    const { version } = this.#overrides;
    if (epoch !== this.#epoch || version !== this.#overridesVersion) {
      this.#epoch = epoch;
      this.#overridesVersion = version;
      const revision = this.#overrides.revision(this.#options);
      const said = revision === "" ? [] : [`overrides ${revision}`];
      this.#istag = makeIstag(this.#options.generation, [epoch, ...said]);
    }
    return this.#istag;
  }

  admits(peer: string): boolean {
    return this.#allowed.isEmpty || this.#allowed.has(peer);
  }

  examine(message: Message, source: MessageSource): Examination {
    const { scanner } = this.#options;
    if (scanner === undefined && this.#rules.size === 0) return UNTOUCHED;
    return new ScanExamination(message, source, {
      service: {
        name: this.name,
        namespace: this.#options.namespace,
        path: this.path,
        method: message.icap.method === "REQMOD" ? "REQMOD" : "RESPMOD",
      },
      rules: this.#rules,
      scanner,
      screening: this.#options.screening,
      overrides: this.#overrides,
      extractor: this.#options.extractor,
      outcomes: this.#outcomes,
      sharesIdentity: this.#options.sharesIdentity,
      recordsIdentity: this.recordsIdentity,
    });
  }
}

/** Who the user is comes from the ICAP client, which is asked for it; its own address does not. */
function readsIdentity({ uses }: RuleSet): boolean {
  return ["client", "client.ip", "client.user", "client.groups"].some((name) => uses.has(name));
}
