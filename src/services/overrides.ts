/** What an operator says of one content, whatever scanners think of it. */
export interface Override {
  readonly action: "allow" | "block";
  /** One sentence for the reader of a page, and for the log. */
  readonly reason: string;
  readonly author: string;
}

/** A service, as an override may name it. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** What operators say of contents, as this process knows it now. */
export interface Overrides {
  /** Another number after each change. */
  readonly version: number;
  /** What holds of this content in this service. */
  find(sha256: string, service: ServiceName): Override | undefined;
  /** Whether some content has such an override in this service. */
  has(action: Override["action"], service: ServiceName): boolean;
  /** Stands for all that holds in this service: equal on pods that know the same; "" where nothing does. */
  revision(service: ServiceName): string;
}

/** Nobody has said anything. */
export const NO_OVERRIDES: Overrides = {
  version: 0,
  find: () => undefined,
  has: () => false,
  revision: () => "",
};
