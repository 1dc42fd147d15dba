import { stringify } from "yaml";
import { settingEntries } from "./entries.ts";
import type { EffectiveSetting } from "./load.ts";

/** One line of a settings file. */
interface Line {
  readonly path: string;
  readonly raw: unknown;
  readonly comment: string;
}

/** A settings file with every default and its meaning; what has no default is commented out. */
export function defaultSettingsFile(): string {
  return render(
    settingEntries.map(({ path, setting }) => {
      const comment = `${setting.description} (${setting.form.replaceAll("`", "")})`;
      return { path, raw: setting.default, comment };
    }),
  );
}

/** A settings file that sets exactly what is in force, each with its origin. */
export function effectiveSettingsFile(settings: readonly EffectiveSetting[]): string {
  return render(settings.map(({ path, raw, origin }) => ({ path, raw, comment: origin })));
}

function render(lines: readonly Line[]): string {
  let open: readonly string[] = [];
  let text = "";
  for (const { path, raw, comment } of lines) {
    const names = path.split(".");
    const name = names.pop() as string;
    const shared = names.findIndex((section, depth) => section !== open[depth]);
    for (let depth = shared < 0 ? names.length : shared; depth < names.length; depth += 1) {
      text += `${indent(depth)}${names[depth]}:\n`;
    }
    open = names;
    const setting = raw === undefined ? `# ${name}:` : `${name}: ${yamlValue(raw)}`;
    text += `${indent(names.length)}# ${comment}\n${indent(names.length)}${setting}\n`;
  }
  return text;
}

const indent = (depth: number): string => "  ".repeat(depth);

/** On one line. */
const yamlValue = (raw: unknown): string =>
  stringify(raw, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
