import { settingsText } from "../settings/settings-text.ts";
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
    ...(caFile !== undefined && { ca: await settingsText(caFile) }),
    ...(certFile !== undefined && { cert: await settingsText(certFile) }),
    ...(keyFile !== undefined && { key: await settingsText(keyFile) }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}
