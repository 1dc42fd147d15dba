import type { Settings } from "../config/index.ts";
import type { SpoolStore } from "../entity/index.ts";
import type { ScannerEntry } from "../resources/index.ts";
import type { Scanner } from "../scanning/index.ts";
import { createTemplateScanner, type TemplateCredentials } from "../scanning/template/index.ts";
import type { EndpointMetrics, Logger } from "../telemetry/index.ts";
import { followedCredentials } from "./credential-watch.ts";
import { credentialsOf, mayRotate, secretsOf } from "./secrets.ts";

type TemplateEntry = Extract<ScannerEntry["protocol"], { type: "Template" }>;

interface TemplatePorts {
  readonly logger: Logger;
  readonly spools: SpoolStore;
  readonly endpointMetrics: EndpointMetrics;
}

/** Makes the scanner of a table's entry with a template; its secrets are read again and again. */
export async function makeTemplateScanner(
  name: string,
  protocol: TemplateEntry,
  settings: Settings,
  { logger, spools, endpointMetrics }: TemplatePorts,
): Promise<Scanner> {
  const read = async (): Promise<TemplateCredentials> => ({
    ...(await credentialsOf(protocol, settings)),
    secrets: await secretsOf(protocol.secrets, settings),
  });
  const first = await read();
  const everyMs = settings.resources.poll;
  const hasFiles = settings.secrets.directory !== undefined;
  const hasSecrets = Object.keys(protocol.secrets).length > 0;
  const mayChange = mayRotate(protocol, settings) || (hasFiles && hasSecrets);
  return createTemplateScanner({
    name,
    logger,
    metrics: endpointMetrics,
    template: protocol.template,
    connections: protocol.limits.concurrency,
    retry: protocol.retry,
    circuitBreaker: protocol.circuitBreaker,
    ...(mayChange
      ? followedCredentials({ read, first, everyMs, scanner: name, logger })
      : { credentials: first }),
    replacements: { spools },
  });
}
