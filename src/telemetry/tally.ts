import type { MetricDefinition } from "./metric-definitions.ts";
import type { Labels, MetricsRegistry, Sample } from "./metrics-registry.ts";

/** A value for each label of a metric. */
type LabelsOf<Definition extends MetricDefinition> = Readonly<
  Record<Definition["labels"][number], string>
>;

/** What begins with the same values of labels. */
class Branch {
  count = 0;
  readonly #branches = new Map<string, Branch>();

  /** Where the next label has this value. */
  at(value: string): Branch {
    let branch = this.#branches.get(value);
    if (branch === undefined) {
      branch = new Branch();
      this.#branches.set(value, branch);
    }
    return branch;
  }

  samples([name, ...names]: readonly string[], labels: Labels): readonly Sample[] {
    if (name === undefined) return [{ labels, value: this.count }];
    return [...this.#branches].flatMap(([value, branch]) =>
      branch.samples(names, { ...labels, [name]: value }),
    );
  }
}

/**
 * A counter with labels: plain numbers, found without making a text of the labels. Values must come
 * from closed lists or from the configuration, since none is ever forgotten.
 */
export class Tally<const Definition extends MetricDefinition> {
  readonly #definition: Definition;
  readonly #root = new Branch();

  constructor(definition: Definition) {
    this.#definition = definition;
  }

  add(labels: LabelsOf<Definition>): void {
    let branch = this.#root;
    for (const name of this.#definition.labels as readonly (keyof typeof labels)[]) {
      branch = branch.at(labels[name]);
    }
    branch.count += 1;
  }

  /** Shows it in a registry, with what has been counted until then. */
  expose(registry: MetricsRegistry): void {
    const definition = this.#definition;
    registry.expose(definition, () => this.#root.samples(definition.labels, {}));
  }
}
