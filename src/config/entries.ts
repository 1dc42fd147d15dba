import { type Catalogue, catalogue } from "./catalogue.ts";
import type { Setting } from "./setting.ts";

/** One setting of the catalogue with the names it has in each source. */
export interface SettingEntry {
  /** In a file and in messages: `limits.maxConnections`. */
  readonly path: string;
  /** On the command line, without dashes: `limits-max-connections`. */
  readonly flag: string;
  /** In the environment: `SLUICE_LIMITS_MAX_CONNECTIONS`. */
  readonly variable: string;
  readonly setting: Setting<unknown>;
}

/** A node of the catalogue as it is walked: a setting or a section. */
export type CatalogueNode = Setting<unknown> | Section;
export interface Section {
  readonly [name: string]: CatalogueNode;
}

export const isSetting = (node: CatalogueNode): node is Setting<unknown> =>
  typeof node["description"] === "string";

export const catalogueRoot = catalogue as Catalogue<object> as Section;

const kebab = (path: string): string =>
  path.replaceAll(".", "-").replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);

const entryOf = (path: string, setting: Setting<unknown>): SettingEntry => {
  const flag = kebab(path);
  return { path, flag, variable: `SLUICE_${flag.replaceAll("-", "_").toUpperCase()}`, setting };
};

function entriesOf(section: Section, prefix: string): SettingEntry[] {
  return Object.entries(section).flatMap(([name, node]) => {
    const path = `${prefix}${name}`;
    return isSetting(node) ? [entryOf(path, node)] : entriesOf(node, `${path}.`);
  });
}

/** All settings, in the order of the catalogue. */
export const settingEntries: readonly SettingEntry[] = entriesOf(catalogueRoot, "");
