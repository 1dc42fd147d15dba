import { readFile } from "node:fs/promises";
import { SettingsError } from "../settings/settings-error.ts";
import type { PostgresSettings } from "./sql-settings.ts";

/** What a driver gives to TLS; the server's certificate is always verified. */
export interface ServerTls {
  readonly rejectUnauthorized: true;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/** Reads the files that the settings name; rejects with a `SettingsError`. */
export async function serverTls(tls: PostgresSettings["tls"]): Promise<ServerTls | undefined> {
  if (tls === undefined) return undefined;
  const { caFile, certFile, keyFile, serverName } = tls;
  return {
    rejectUnauthorized: true,
    ...(caFile !== undefined && { ca: await text(caFile) }),
    ...(certFile !== undefined && { cert: await text(certFile) }),
    ...(keyFile !== undefined && { key: await text(keyFile) }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SettingsError([`${path}: cannot be read (${code})`]);
  }
}
