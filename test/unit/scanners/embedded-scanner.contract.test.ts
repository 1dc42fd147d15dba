import { createEmbeddedScanner } from "../../../src/scanners/index.ts";
import { describeScannerContract } from "../../contracts/scanner.contract.ts";
import { eicar } from "../../support/samples/eicar.ts";

describeScannerContract("the embedded scanner", {
  create: () => createEmbeddedScanner({ threads: 1 }),
  blocked: eicar,
  harmless: Buffer.from("Dear all, the minutes of the meeting are attached.\n"),
  harmlessVerdict: "clean",
});
