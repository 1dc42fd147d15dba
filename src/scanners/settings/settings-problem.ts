import type { z } from "zod";

/** What is wrong at one place of a settings file. */
export interface SettingsProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What zod has found, in the words that `sluice check` has for resources; none shows a value of the file. */
export function settingsProblems(issue: z.core.$ZodIssue): SettingsProblem[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: "unknown field" }));
  }
  const words = choiceOf(issue);
  return [{ path, message: words === undefined ? issue.message : `must be one of ${words}` }];
}

function choiceOf(issue: z.core.$ZodIssue): string | undefined {
  const choice = issue.code === "invalid_value" ? issue.values : optionsOf(issue);
  return choice?.map((word) => JSON.stringify(word)).join(", ");
}

/** The words that tell the members of a union apart. */
function optionsOf(issue: z.core.$ZodIssue): readonly unknown[] | undefined {
  return "options" in issue && Array.isArray(issue.options) ? issue.options : undefined;
}
