import type { ClusterIcapScanner, IcapScanner } from "../schema/kinds.ts";
import type { Setting } from "./options.ts";

type Selector = NonNullable<ClusterIcapScanner["spec"]["allowedNamespaces"]["selector"]>;
type Labels = Readonly<Record<string, string>>;

/** Kubernetes sets it on every namespace, so a selector can name namespaces. */
const NAME_LABEL = "kubernetes.io/metadata.name";

/** Which namespaces' services may use a scanner. */
export function admissionOf(
  scanner: IcapScanner | ClusterIcapScanner,
  namespace: string,
  setting: Setting,
): (serviceNamespace: string) => boolean {
  if (scanner.kind === "IcapScanner") {
    return (serviceNamespace) => serviceNamespace === namespace;
  }
  const { from, selector } = scanner.spec.allowedNamespaces;
  if (from === "All" || selector === undefined) {
    return () => from === "All";
  }
  return (serviceNamespace) => selects(selector, labelsOf(serviceNamespace, setting));
}

function labelsOf(namespace: string, { namespaces }: Setting): Labels {
  return { ...namespaces?.get(namespace), [NAME_LABEL]: namespace };
}

/** A Kubernetes label selector: all conditions must hold, and none at all selects everything. */
function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every((expression) => holds(expression, labels))
  );
}

function holds(
  { key, operator, values }: NonNullable<Selector["matchExpressions"]>[number],
  labels: Labels,
): boolean {
  const value = labelOf(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return operator satisfies never;
  }
}

function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
