import type { Service } from "./service.ts";

/** Which service is offered under a path. Replaced whole at a reload, never changed. */
export class Router {
  readonly #byPath: ReadonlyMap<string, Service>;
  readonly #services: readonly Service[];

  /** @param defaultPath answers for `/` as well; without it `icap://host/` is 404. */
  constructor(services: readonly Service[], defaultPath?: string) {
    const byPath = new Map(services.map((service) => [service.path, service]));
    const fallback = defaultPath === undefined ? undefined : byPath.get(defaultPath);
    if (fallback !== undefined) byPath.set("/", fallback);
    this.#byPath = byPath;
    this.#services = services;
  }

  get services(): readonly Service[] {
    return this.#services;
  }

  /** `path` is normalised by the parser. */
  find(path: string): Service | undefined {
    return this.#byPath.get(path);
  }
}
