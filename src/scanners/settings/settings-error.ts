/** Settings of a scanner that cannot be used: everything that is wrong with them, a line each. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("; "));
    this.name = "SettingsError";
    this.problems = problems;
  }
}
