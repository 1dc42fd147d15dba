/** One field of a variable, for the environment and for the reference. */
export interface FieldDefinition {
  readonly type: string;
  readonly description: string;
}

/** A variable: a record of known fields, or a value of a type of CEL. */
export interface VariableDefinition {
  readonly name: string;
  readonly description: string;
  /** Type of CEL, for a variable without `record`. */
  readonly type?: string;
  readonly record?: {
    readonly typeName: string;
    // The engine wants the constructor to recognise values by.
    readonly ctor: new (
      ...args: never[]
    ) => object;
    readonly fields: Readonly<Record<string, FieldDefinition>>;
  };
}

export interface FunctionDefinition {
  readonly name: string;
  readonly signature: string;
  readonly description: string;
  readonly example: string;
  // Handlers get what the signature says; the engine has checked it.
  readonly handler: (...args: never[]) => unknown;
  /**
   * Checks arguments that must be literals, so that a bad one is refused when the expression is
   * written. Gets the values of those at `literals`; a list counts as one value. Throws what is wrong.
   */
  readonly literals?: {
    readonly positions: readonly number[];
    readonly check: (...values: string[]) => void;
  };
}
