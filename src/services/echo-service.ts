import { makeIstag } from "./istag.ts";
import type { Message } from "./message.ts";
import { type OptionsFacts, optionsFields } from "./options-fields.ts";
import type { Outcome } from "./outcome.ts";
import type { JudgeContext, ReceivedBody, Service } from "./service.ts";

const UNMODIFIED_FIELDS = "X-Response-Info: Allowed\r\n";

const UNMODIFIED: Outcome = {
  kind: "unmodified",
  report: { cause: "none", fields: UNMODIFIED_FIELDS },
};

export interface EchoServiceOptions extends OptionsFacts {
  readonly path: string;
  readonly recordsIdentity: boolean;
}

/** Passes every message as it is: to try a proxy's configuration, and to measure with. */
export class EchoService implements Service {
  readonly name: string;
  readonly path: string;
  readonly methods: Service["methods"];
  readonly istag: string;
  readonly optionsFields: string;
  readonly unmodifiedFields = UNMODIFIED_FIELDS;
  readonly maxEntityBytes = Number.POSITIVE_INFINITY;
  readonly transactionTimeoutMs = Number.POSITIVE_INFINITY;
  readonly recordsIdentity: boolean;

  constructor(options: EchoServiceOptions) {
    this.name = options.name;
    this.path = options.path;
    this.methods = options.methods;
    this.istag = makeIstag(`echo:${options.name}`, []);
    this.optionsFields = optionsFields(options);
    this.recordsIdentity = options.recordsIdentity;
  }

  decide(_message: Message, _preview: Buffer | undefined): Outcome {
    return UNMODIFIED;
  }

  judge(_message: Message, _body: ReceivedBody, _context: JudgeContext): Promise<Outcome> {
    return Promise.resolve(UNMODIFIED);
  }
}
