import type { ConversionNote, Notes } from "./conversion.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * One table of ICAPeg's configuration. Any value may be `"$_NAME"`, a variable of the environment,
 * and numbers and flags may be texts. Knows which options were asked for, so that the rest can be told.
 */
export class IcapegSection {
  readonly name: string;
  readonly exists: boolean;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #notes: Notes;
  readonly #environment: Environment;
  readonly #read = new Set<string>();

  constructor(name: string, table: unknown, notes: Notes, environment: Environment) {
    this.name = name;
    this.exists = table !== null && typeof table === "object" && !Array.isArray(table);
    this.#fields = this.exists ? (table as Record<string, unknown>) : {};
    this.#notes = notes;
    this.#environment = environment;
  }

  /** Tells of an option, if it is there. */
  note(option: string, message: string): void {
    if (Object.hasOwn(this.#fields, option)) {
      this.#read.add(option);
      this.#notes.add(this.name, option, message);
    }
  }

  text(option: string): string | undefined {
    const value = this.#value(option);
    return value === undefined ? undefined : String(value);
  }

  flag(option: string): boolean | undefined {
    const value = this.#value(option);
    return value === undefined ? undefined : String(value) === "true";
  }

  /** A whole number; what is none is told and counts as left out. */
  number(option: string): number | undefined {
    const value = this.#value(option);
    if (value === undefined) {
      return undefined;
    }
    const number = Number(value);
    if (!Number.isInteger(number) || number < 0) {
      this.#notes.add(this.name, option, `${String(value).slice(0, 64)} is not a whole number`);
      return undefined;
    }
    return number;
  }

  texts(option: string): string[] {
    const value = this.#value(option);
    if (typeof value === "string") {
      // A list from the environment: ["a", "b"] with its special characters escaped.
      return [...value.replaceAll("\\", "").matchAll(/"([^"]*)"/g)].map(([, text = ""]) => text);
    }
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** Options that nobody asked for. */
  unread(): ConversionNote[] {
    return Object.keys(this.#fields)
      .filter((option) => !this.#read.has(option))
      .map((option) => ({ where: this.name, option, message: "has no counterpart" }));
  }

  #value(option: string): unknown {
    this.#read.add(option);
    const value = Object.hasOwn(this.#fields, option) ? this.#fields[option] : undefined;
    if (typeof value !== "string" || !value.startsWith("$_")) {
      return value;
    }
    const variable = value.slice(2);
    const found = this.#environment[variable];
    if (found === undefined) {
      this.#notes.add(this.name, option, `the environment variable ${variable} is not set`);
    }
    return found;
  }
}
