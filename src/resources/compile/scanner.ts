import { quantityBytes } from "../../cel/index.ts";
import { contentHash } from "../content-hash.ts";
import type { ClusterIcapScanner, IcapScanner } from "../schema/kinds.ts";
import { durationMs, rateOf } from "../schema/units.ts";
import type { ScannerEntry } from "../table.ts";
import { admissionOf } from "./admission.ts";
import { AcceptedReason, type Finding, ResolvedRefsReason } from "./conditions.ts";
import type { Setting } from "./options.ts";
import { templateFindings, templateOfSpec } from "./template-findings.ts";

export type ScannerResource = IcapScanner | ClusterIcapScanner;

export interface CompiledScanner {
  readonly entry: ScannerEntry;
  /** Whether services of a namespace may use it. */
  readonly admits: (namespace: string) => boolean;
}

interface KeyRef {
  readonly name: string;
  readonly key: string;
}

export function scannerKey(kind: string, namespace: string, name: string): string {
  return kind === "ClusterIcapScanner" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

/** What this build cannot do of what the scanner asks for, and what is wrong with its template. */
export function refuseScanner(
  { spec }: ScannerResource,
  namespace: string,
  { capabilities }: Setting,
): Finding<AcceptedReason>[] {
  const { type } = spec.protocol;
  if (!capabilities.scannerProtocols.includes(type)) {
    const message = `protocol ${type} is not served by this build`;
    return [{ reason: AcceptedReason.NotServed, path: ["spec", "protocol", "type"], message }];
  }
  return templateFindings(spec, baseUrlOf(spec, namespace));
}

/** The references of a scanner that lead nowhere. */
export function unresolvedOf(
  scanner: ScannerResource,
  namespace: string,
  setting: Setting,
): Finding<ResolvedRefsReason>[] {
  const home = homeOf(scanner, namespace, setting);
  const { tls, auth } = scanner.spec;
  const findings: (Finding<ResolvedRefsReason> | undefined)[] = [
    missingConfigMap(
      tls?.ca?.configMapKeyRef,
      home,
      ["spec", "tls", "ca", "configMapKeyRef"],
      setting,
    ),
    missingSecret(tls?.ca?.secretKeyRef, home, ["spec", "tls", "ca", "secretKeyRef"], setting),
    ...["tls.crt", "tls.key"].map((key) =>
      missingSecret(
        tls?.clientCertificate && { name: tls.clientCertificate.name, key },
        home,
        ["spec", "tls", "clientCertificate"],
        setting,
      ),
    ),
    missingSecret(auth?.bearer?.tokenRef, home, ["spec", "auth", "bearer", "tokenRef"], setting),
    missingSecret(
      auth?.basic?.passwordRef,
      home,
      ["spec", "auth", "basic", "passwordRef"],
      setting,
    ),
    missingSecret(auth?.header?.valueRef, home, ["spec", "auth", "header", "valueRef"], setting),
    ...Object.entries(scanner.spec.protocol.template?.secrets ?? {}).map(
      ([name, { secretKeyRef }]) =>
        missingSecret(
          secretKeyRef,
          home,
          ["spec", "protocol", "template", "secrets", name, "secretKeyRef"],
          setting,
        ),
    ),
  ];
  return findings.filter((finding) => finding !== undefined);
}

export function compileScanner(
  scanner: ScannerResource,
  namespace: string,
  setting: Setting,
  unresolved: readonly Finding<ResolvedRefsReason>[],
): CompiledScanner {
  const home = homeOf(scanner, namespace, setting);
  const protocol = withKnownAuthority(protocolOf(scanner.spec, home, namespace), setting);
  const key = scannerKey(scanner.kind, namespace, scanner.metadata.name);
  const reason = unresolved.at(0)?.message;
  const body = {
    key,
    name: scanner.metadata.name,
    protocol,
    ...(reason !== undefined && { unresolved: reason }),
  };
  const secretVersions = secretsOf(scanner).map(
    (name) => setting.secrets?.get(`${home}/${name}`)?.version,
  );
  return {
    entry: { ...body, hash: contentHash({ ...body, secretVersions }) },
    admits: admissionOf(scanner, namespace, setting),
  };
}

/** The text of a ConfigMap that is known takes the place of its reference: it is no secret. */
function withKnownAuthority(
  protocol: ScannerEntry["protocol"],
  { configMaps }: Setting,
): ScannerEntry["protocol"] {
  if (protocol.type === "Embedded" || protocol.tls?.ca?.configMap === undefined) return protocol;
  const { namespace, name, key } = protocol.tls.ca.configMap;
  const data = configMaps?.get(`${namespace}/${name}`) ?? {};
  const pem = Object.hasOwn(data, key) ? data[key] : undefined;
  return pem === undefined ? protocol : { ...protocol, tls: { ...protocol.tls, ca: { pem } } };
}

function homeOf(scanner: ScannerResource, namespace: string, setting: Setting): string {
  return scanner.kind === "ClusterIcapScanner" ? setting.clusterNamespace : namespace;
}

function limitsOf({ limits }: ScannerResource["spec"]) {
  return {
    concurrency: limits.concurrency,
    queue: limits.queue,
    ...(limits.rate !== undefined && { rate: rateOf(limits.rate) }),
  };
}

function protocolOf(
  spec: ScannerResource["spec"],
  home: string,
  namespace: string,
): ScannerEntry["protocol"] {
  const { icap, template } = spec.protocol;
  if (icap !== undefined) return icapOf(icap, spec, home);
  if (template !== undefined) return templateOf(template, spec, home, namespace);
  return spec.protocol.type === "Embedded" ? embeddedOf(spec) : scanV1Of(spec, home, namespace);
}

function embeddedOf(spec: ScannerResource["spec"]): ScannerEntry["protocol"] {
  const { rulesDirectory, hashList } = spec.protocol.embedded ?? {};
  return {
    type: "Embedded",
    limits: limitsOf(spec),
    ...(rulesDirectory !== undefined && { rulesDirectory }),
    ...(hashList !== undefined && { hashList }),
  };
}

function scanV1Of(
  spec: ScannerResource["spec"],
  home: string,
  namespace: string,
): ScannerEntry["protocol"] {
  return {
    type: "ScanV1",
    urls: urlsOf(spec, namespace),
    limits: limitsOf(spec),
    retry: retryOf(spec),
    circuitBreaker: circuitBreakerOf(spec),
    ...credentialsOf(spec, home),
  };
}

function icapOf(
  icap: NonNullable<ScannerResource["spec"]["protocol"]["icap"]>,
  spec: ScannerResource["spec"],
  home: string,
): ScannerEntry["protocol"] {
  const { urls, method, replaced, share, maxBytes } = icap;
  return {
    type: "Icap",
    urls: [...urls].sort(),
    method,
    replaced,
    shares: [...share].sort(),
    ...(maxBytes !== undefined && { maxBytes: quantityBytes(maxBytes) }),
    limits: limitsOf(spec),
    retry: retryOf(spec),
    circuitBreaker: circuitBreakerOf(spec),
    ...credentialsOf(spec, home),
  };
}

/** A scanner with a template that was not refused. */
function templateOf(
  reference: NonNullable<ScannerResource["spec"]["protocol"]["template"]>,
  spec: ScannerResource["spec"],
  home: string,
  namespace: string,
): ScannerEntry["protocol"] {
  const compiled = templateOfSpec(reference, baseUrlOf(spec, namespace));
  if (!("template" in compiled)) throw new Error("a refused template must not be compiled");
  const secrets = Object.entries(reference.secrets).map(
    ([name, { secretKeyRef }]) => [name, { namespace: home, ...secretKeyRef }] as const,
  );
  return {
    type: "Template",
    template: compiled.template,
    secrets: Object.fromEntries(secrets),
    limits: limitsOf(spec),
    retry: retryOf(spec),
    circuitBreaker: circuitBreakerOf(spec),
    ...credentialsOf(spec, home),
  };
}

function baseUrlOf(spec: ScannerResource["spec"], namespace: string): string | undefined {
  return urlsOf(spec, namespace).at(0);
}

function retryOf({ retry }: ScannerResource["spec"]) {
  return {
    attempts: retry.attempts,
    budgetPercent: retry.budgetPercent,
    backoffMs: durationMs(retry.backoff),
  };
}

function circuitBreakerOf({ circuitBreaker }: ScannerResource["spec"]) {
  return {
    failures: circuitBreaker.failures,
    openForMs: durationMs(circuitBreaker.openFor),
    silentAfterMs: durationMs(circuitBreaker.silentAfter),
  };
}

function credentialsOf(
  { tls, auth }: ScannerResource["spec"],
  home: string,
): Pick<ScanV1Entry, "tls" | "auth"> {
  return {
    ...(tls !== undefined && { tls: tlsOf(tls, home) }),
    ...(auth !== undefined && { auth: authOf(auth, home) }),
  };
}

function urlsOf({ endpoint }: ScannerResource["spec"], namespace: string): string[] {
  const { url, urls, service } = endpoint ?? {};
  if (service !== undefined) {
    const home = "namespace" in service ? service.namespace : namespace;
    return [`${service.scheme}://${service.name}.${home}.svc:${service.port}`];
  }
  return url === undefined ? [...(urls ?? [])].sort() : [url];
}

type ScanV1Entry = Extract<ScannerEntry["protocol"], { type: "ScanV1" }>;

function tlsOf(
  { ca, clientCertificate, serverName, minVersion }: NonNullable<ScannerResource["spec"]["tls"]>,
  namespace: string,
): NonNullable<ScanV1Entry["tls"]> {
  return {
    ...(ca?.configMapKeyRef !== undefined && {
      ca: { configMap: { namespace, ...ca.configMapKeyRef } },
    }),
    ...(ca?.secretKeyRef !== undefined && { ca: { secret: { namespace, ...ca.secretKeyRef } } }),
    ...(clientCertificate !== undefined && {
      clientCertificate: { namespace, name: clientCertificate.name },
    }),
    ...(serverName !== undefined && { serverName }),
    minVersion,
  };
}

// The schema has made sure that the member which the type names is there.
function authOf(
  { bearer, basic, header }: NonNullable<ScannerResource["spec"]["auth"]>,
  namespace: string,
): NonNullable<ScanV1Entry["auth"]> {
  if (bearer !== undefined) {
    return { type: "Bearer", token: { namespace, ...bearer.tokenRef } };
  }
  if (basic !== undefined) {
    return {
      type: "Basic",
      username: basic.username,
      password: { namespace, ...basic.passwordRef },
    };
  }
  const { name, valueRef } = header as NonNullable<typeof header>;
  return { type: "Header", name, value: { namespace, ...valueRef } };
}

function secretsOf({ spec: { tls, auth, protocol } }: ScannerResource): string[] {
  return [
    ...Object.values(protocol.template?.secrets ?? {}).map(({ secretKeyRef }) => secretKeyRef.name),
    tls?.ca?.secretKeyRef?.name,
    tls?.clientCertificate?.name,
    auth?.bearer?.tokenRef.name,
    auth?.basic?.passwordRef.name,
    auth?.header?.valueRef.name,
  ].filter((name) => name !== undefined);
}

function missingSecret(
  ref: KeyRef | undefined,
  namespace: string,
  path: readonly string[],
  { secrets }: Setting,
): Finding<ResolvedRefsReason> | undefined {
  if (
    ref === undefined ||
    secrets === undefined ||
    secrets.get(`${namespace}/${ref.name}`)?.keys.includes(ref.key)
  ) {
    return undefined;
  }
  return {
    reason: ResolvedRefsReason.SecretNotFound,
    path,
    message: `Secret ${namespace}/${ref.name} with key ${ref.key} is not there`,
  };
}

export function missingConfigMap(
  ref: KeyRef | undefined,
  namespace: string,
  path: readonly string[],
  { configMaps }: Setting,
): Finding<ResolvedRefsReason> | undefined {
  if (ref === undefined || configMaps === undefined) {
    return undefined;
  }
  const data = configMaps.get(`${namespace}/${ref.name}`);
  if (data !== undefined && Object.hasOwn(data, ref.key)) {
    return undefined;
  }
  return {
    reason: ResolvedRefsReason.ConfigMapNotFound,
    path,
    message: `ConfigMap ${namespace}/${ref.name} with key ${ref.key} is not there`,
  };
}
