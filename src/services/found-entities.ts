import type { BodyLayout, Entity, EntityProblem, Extraction, Place } from "../entity/index.ts";

/** The entities in a body, and where in it they are. */
export interface FoundEntities extends Pick<Extraction, "entities" | "problems" | "layout"> {
  /** Keeps what the entities lie in, beyond the body itself. */
  readonly retain?: Extraction["retain"] | undefined;
}

const NO_PROBLEMS: readonly EntityProblem[] = [];

/** A body that is an entity as it is. */
export class PlainEntity implements FoundEntities, BodyLayout {
  readonly entities: readonly Entity[];
  readonly problems = NO_PROBLEMS;
  readonly content: BodyLayout["content"];
  readonly boundary = undefined;

  constructor(entity: Entity) {
    this.entities = [entity];
    this.content = entity.content;
  }

  get layout(): BodyLayout {
    return this;
  }

  placeOf({ size }: Entity): Place {
    return { offset: 0, length: size };
  }
}
