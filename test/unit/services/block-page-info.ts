import {
  type BlockInfo,
  type BlockPageOptions,
  BlockPages,
} from "../../../src/services/block-page/index.ts";

/** An infected download, with everything that a page can tell. */
export function blockInfo(change: Partial<BlockInfo> = {}): BlockInfo {
  return {
    cause: "verdict",
    reason: "malware",
    direction: "respmod",
    threats: [{ name: "EICAR-Test-File", path: "invoice.zip/eicar.com", engine: "yara" }],
    incidentId: "7K3F-9QWM-2XTR-04BC",
    service: "scan",
    time: new Date("2026-11-21T14:03:05.678Z"),
    url: "https://files.example.org/downloads/invoice.zip?token=secret",
    fileName: "invoice.zip",
    message: "Archives are opened and looked into.",
    ...change,
  };
}

interface Asked {
  readonly accept?: string;
  readonly acceptLanguage?: string;
  readonly options?: BlockPageOptions;
}

/** The page for an incident; HTML in English unless something else is asked for. */
export function pageOf(info: BlockInfo, { accept, acceptLanguage, options }: Asked = {}) {
  return new BlockPages(options).render(info, { accept, acceptLanguage });
}

export function htmlOf(info: BlockInfo, asked: Asked = {}): string {
  return pageOf(info, asked).body.toString();
}
