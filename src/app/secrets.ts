import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type SecretRef,
  type Settings,
  secretFromEnvironment,
  secretVariable,
} from "../config/index.ts";
import type { ScannerEntry } from "../resources/index.ts";
import type { ScannerCredentials } from "../scanning/index.ts";

/** An entry of a scanner elsewhere. */
type ScanV1Entry = Pick<Extract<ScannerEntry["protocol"], { type: "ScanV1" }>, "tls" | "auth">;

/** What an entry's references to secrets stand for. Rejects, without a secret in the reason, when one leads nowhere. */
export async function credentialsOf(
  { tls, auth }: ScanV1Entry,
  settings: Settings,
): Promise<ScannerCredentials> {
  return {
    ...(tls !== undefined && { tls: await tlsOf(tls, settings) }),
    ...(auth !== undefined && { auth: await authOf(auth, settings) }),
  };
}

/** The secrets of a template by name, as they go into its requests. */
export async function secretsOf(
  refs: Readonly<Record<string, SecretRef>>,
  settings: Settings,
): Promise<Record<string, string>> {
  const values = Object.entries(refs).map(
    async ([name, ref]) => [name, await fieldValue(ref, settings)] as const,
  );
  return Object.fromEntries(await Promise.all(values));
}

/** Whether files stand behind an entry's references, which change where the environment does not. */
export function mayRotate({ tls, auth }: ScanV1Entry, { secrets }: Settings): boolean {
  const hasReference =
    auth !== undefined || tls?.ca !== undefined || tls?.clientCertificate !== undefined;
  return hasReference && secrets.directory !== undefined;
}

async function tlsOf(
  { ca, clientCertificate, serverName, minVersion }: NonNullable<ScanV1Entry["tls"]>,
  settings: Settings,
): Promise<NonNullable<ScannerCredentials["tls"]>> {
  const caRef = ca?.secret ?? ca?.configMap;
  const pair = clientCertificate && {
    cert: await readSecret({ ...clientCertificate, key: "tls.crt" }, settings),
    key: await readSecret({ ...clientCertificate, key: "tls.key" }, settings),
  };
  return {
    minVersion,
    ...(ca?.pem !== undefined && { ca: ca.pem }),
    ...(caRef !== undefined && { ca: await readSecret(caRef, settings) }),
    ...(pair !== undefined && { certificate: pair }),
    ...(serverName !== undefined && { serverName }),
  };
}

async function authOf(
  auth: NonNullable<ScanV1Entry["auth"]>,
  settings: Settings,
): Promise<NonNullable<ScannerCredentials["auth"]>> {
  switch (auth.type) {
    case "Bearer":
      return { name: "authorization", value: `Bearer ${await fieldValue(auth.token, settings)}` };
    case "Basic": {
      const pair = `${auth.username}:${await fieldValue(auth.password, settings)}`;
      return { name: "authorization", value: `Basic ${Buffer.from(pair).toString("base64")}` };
    }
    case "Header":
      return { name: auth.name, value: await fieldValue(auth.value, settings) };
    default:
      return auth satisfies never;
  }
}

/** A secret that goes into a header field. Files often end with a line end that is not meant. */
async function fieldValue(ref: SecretRef, settings: Settings): Promise<string> {
  const value = (await readSecret(ref, settings)).replace(/\r?\n$/, "");
  if (value === "" || /[^\x20-\x7e]/.test(value)) {
    throw new Error(`secret ${nameOf(ref)} is empty or holds what no header field can carry`);
  }
  return value;
}

async function readSecret(ref: SecretRef, { secrets }: Settings): Promise<string> {
  const given = secretFromEnvironment(ref);
  if (given !== undefined) return given;
  const { directory } = secrets;
  if (directory !== undefined && ref.key !== "." && ref.key !== "..") {
    const path = join(directory, ref.namespace, ref.name, ref.key);
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  const where = directory === undefined ? "secrets.directory is not set" : `not in ${directory}`;
  throw new Error(`secret ${nameOf(ref)} is not there: no ${secretVariable(ref)}, ${where}`);
}

function nameOf({ namespace, name, key }: SecretRef): string {
  return `${namespace}/${name}/${key}`;
}
