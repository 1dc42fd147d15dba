/**
 * @module resources
 *
 * IcapService, IcapScanner and ClusterIcapScanner: their schemas, from which the CRDs, the
 * reference and the types come, and the compiler from resources to the routing table. Pure but for
 * reading the built-in resources. Must not know servers, scanners, the cluster or the process's
 * settings: who calls gathers what resources refer to.
 */
export { type BuiltinChanges, builtinResources, changedBuiltinResources } from "./builtin.ts";
export { type Compilation, compile } from "./compile/compile.ts";
export { AcceptedReason, type Condition, ResolvedRefsReason } from "./compile/conditions.ts";
export type { Capabilities, CompileOptions, SecretFacts } from "./compile/options.ts";
export type { ObjectReport } from "./compile/report.ts";
export { compileTemplate, presetTemplate, readTemplate } from "./compile/template.ts";
export { convertCIcap } from "./convert/c-icap.ts";
export type { Conversion, ConversionNote, ConvertOptions } from "./convert/conversion.ts";
export { convertIcapeg, type IcapegOptions } from "./convert/icapeg.ts";
export { type CustomResourceDefinition, customResourceDefinitions } from "./crd/definition.ts";
export { presetNames } from "./presets.ts";
export { type FieldPath, formatProblem, type Problem } from "./problem.ts";
export {
  compileFiles,
  type FileCompilation,
  type FileProblem,
  formatFileProblem,
} from "./read/compile-files.ts";
export type { SourceFile } from "./read/yaml-source.ts";
export {
  type ClusterIcapScanner,
  type IcapScanner,
  type IcapService,
  KINDS,
  type KindDefinition,
  type Resource,
} from "./schema/kinds.ts";
export { type TemplateSpec, templateSpec } from "./schema/template-spec.ts";
export {
  type RoutingTable,
  type RuleEntry,
  readTable,
  type ScannerEntry,
  type ServiceEntry,
} from "./table.ts";
