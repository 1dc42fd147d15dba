/** What the build that will load the table can do. Objects that need more are not accepted. */
export interface Capabilities {
  readonly scannerProtocols: readonly ("Embedded" | "ScanV1" | "Icap" | "Template")[];
  readonly scannerModes: readonly ("Hold" | "Background" | "Shadow")[];
  readonly combineStrategies: readonly ("AnyBlocks" | "First" | "Quorum" | "Score")[];
}

/** What is known of one Secret: never its values. */
export interface SecretFacts {
  readonly keys: readonly string[];
  /** Changes when a value changes, e.g. the resourceVersion; makes the table change with it. */
  readonly version: string;
}

/**
 * The world that the resources refer to. A map that is left out was not gathered: references into
 * it are taken as good.
 */
export interface CompileOptions {
  readonly capabilities: Capabilities;
  /** Services of other gateways are left alone. Default: `default`. */
  readonly gateway?: string;
  /** Namespace of objects that name none. Default: `default`. */
  readonly defaultNamespace?: string;
  /** Labels of the namespaces, by name. */
  readonly namespaces?: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Texts of ConfigMaps, by `namespace/name`. */
  readonly configMaps?: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Secrets, by `namespace/name`. */
  readonly secrets?: ReadonlyMap<string, SecretFacts>;
  /** Where ClusterIcapScanners' Secrets and ConfigMaps are. Default: `defaultNamespace`. */
  readonly clusterNamespace?: string;
}

/** The options with their defaults. */
export interface Setting extends CompileOptions {
  readonly gateway: string;
  readonly defaultNamespace: string;
  readonly clusterNamespace: string;
}

export function settingOf(options: CompileOptions): Setting {
  const defaultNamespace = options.defaultNamespace ?? "default";
  return {
    ...options,
    gateway: options.gateway ?? "default",
    defaultNamespace,
    clusterNamespace: options.clusterNamespace ?? defaultNamespace,
  };
}
