/**
 * Bodies as things that can be judged: kept (memory, then a spool file, under budgets), hashed,
 * decoded (Content-Encoding), split (multipart) and recognised (first bytes).
 *
 * It must not know ICAP, services, scanners or verdicts. It undoes only what carries an entity;
 * the formats inside (archives, documents) are the scanners' affair.
 *
 * @module
 */
export type { ArrivingBody } from "./arriving-body.ts";
export { type ReadOptions, rangeOf, readContent, readHead } from "./content-reader.ts";
export { type Entity, type EntityContent, HEAD_BYTES, type KeptBody } from "./entity.ts";
export {
  type BodyLayout,
  EntityExtractor,
  EXTRACTION_DEFAULTS,
  type Extraction,
  type ExtractionLimits,
  type Place,
} from "./entity-extractor.ts";
export { fileNameOfDisposition, fileNameOfUrl } from "./file-name.ts";
export { detectType } from "./file-type.ts";
export {
  type BodyDescription,
  entityOfBody,
  entityOfPlainBody,
  isPlainBody,
} from "./plain-entity.ts";
export { type EntityProblem, type ProblemKind, ProblemReason } from "./problem.ts";
export { AppendResult, type FinishResult, type Spool } from "./spool/spool.ts";
export type { SpoolBudget, SpoolBudgetLimits } from "./spool/spool-budget.ts";
export { SpoolDirectory } from "./spool/spool-directory.ts";
export { type SpoolFailure, SpoolFailureKind } from "./spool/spool-failure.ts";
export { SPOOL_DEFAULTS, SpoolStore, type SpoolStoreOptions } from "./spool/spool-store.ts";
