import { type Candidate, type FileReference, type SourceContent, splitList } from "./candidate.ts";
import { settingEntries } from "./entries.ts";
import { didYouMean } from "./problem.ts";
import { isSecretVariable } from "./secret-variables.ts";

export const configVariable = "SLUICE_CONFIG";

/**
 * Kubernetes puts the addresses of every Service of a namespace into the environment: a Service
 * named `sluice` or `sluice-admin` makes `SLUICE_PORT=tcp://…`, `SLUICE_ADMIN_SERVICE_HOST` and so
 * on. They are nobody's mistake, so they are passed over. No setting may have such a name.
 */
const serviceLink =
  /^SLUICE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

export const isServiceLink = (name: string): boolean => serviceLink.test(name);

export interface EnvironmentContent extends SourceContent {
  readonly file: FileReference | undefined;
}

/** Reads the `SLUICE_*` variables; one that is none of ours is a problem. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentContent {
  const candidates: Candidate[] = [];
  for (const { path, variable, setting } of settingEntries) {
    const value = env[variable];
    if (value === undefined) continue;
    const raw = setting.type === "list" ? splitList(value) : value;
    candidates.push({ path, raw, origin: variable });
  }
  const file = env[configVariable];
  return {
    candidates,
    problems: unknownVariables(Object.keys(env)),
    file: file ? { path: file, origin: configVariable } : undefined,
  };
}

/** For `sluice cache`, which may be used in the same environment: not settings of a server. */
const clientVariables = ["SLUICE_ADMIN_URL", "SLUICE_ADMIN_TOKEN"];

function unknownVariables(names: readonly string[]): SourceContent["problems"] {
  const known = [
    configVariable,
    ...clientVariables,
    ...settingEntries.map(({ variable }) => variable),
  ];
  return names
    .filter((name) => name.startsWith("SLUICE_") && !known.includes(name))
    .filter((name) => !isServiceLink(name) && !isSecretVariable(name))
    .map((name) => ({ origin: name, message: `unknown variable${didYouMean(name, known)}` }));
}
