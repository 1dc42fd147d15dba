import type {
  ClientFacts,
  EntityFacts,
  RequestFacts,
  ResponseFacts,
  RuleFacts,
  ServiceFacts,
} from "../../../../src/services/rules/index.ts";

export interface FactsOverrides {
  readonly request?: Partial<RequestFacts>;
  readonly response?: Partial<ResponseFacts>;
  readonly client?: Partial<ClientFacts>;
  readonly entity?: Partial<EntityFacts>;
  readonly service?: Partial<ServiceFacts>;
  readonly now?: Date;
}

/** A download of a PDF by a member of staff on a Monday morning, but for what is given. */
export function factsOf(overrides: FactsOverrides = {}): RuleFacts {
  return {
    request: {
      method: "GET",
      url: "https://www.vendor.example:8443/docs/manual.pdf?lang=de",
      scheme: "https",
      host: "www.vendor.example",
      port: 8443,
      path: "/docs/manual.pdf",
      query: "lang=de",
      extension: "pdf",
      version: "HTTP/1.1",
      headers: new Map([["user-agent", "curl/8.5.0"]]),
      ...overrides.request,
    },
    response: {
      status: 200,
      version: "HTTP/1.1",
      headers: new Map([["content-type", "application/pdf"]]),
      ...overrides.response,
    },
    client: {
      ip: "10.20.30.40",
      user: "jane",
      groups: ["staff", "sales"],
      peer: "10.0.0.2",
      ...overrides.client,
    },
    entity: {
      type: "application/pdf",
      declaredType: "application/pdf",
      typeMismatch: false,
      size: 2048,
      fileName: "manual.pdf",
      extension: "pdf",
      ...overrides.entity,
    },
    service: {
      name: "downloads",
      namespace: "security",
      path: "/downloads",
      method: "RESPMOD",
      ...overrides.service,
    },
    now: overrides.now ?? new Date("2026-11-23T09:00:00Z"),
  };
}
