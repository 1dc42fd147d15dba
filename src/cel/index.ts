/**
 * The basis of every CEL language of Sluice (rules, templates): an expression is checked when it is
 * written, and costs bounded time when it runs. A language is its variables, its functions and its
 * bounds; whatever it does not list is refused.
 *
 * Must not know what expressions are about.
 *
 * @module
 */
export type { FieldDefinition, FunctionDefinition, VariableDefinition } from "./definitions.ts";
export { type Activation, type Expression, Language, type LanguageOptions } from "./language.ts";
export { QUANTITY_PATTERN, quantityBytes } from "./quantity.ts";
export { quantityFunction, reFunction } from "./shared-functions.ts";
