import { cape } from "./cape.ts";
import { circlHashlookup } from "./circl-hashlookup.ts";
import { clamavRest } from "./clamav-rest.ts";
import { clamavRestApi } from "./clamav-rest-api.ts";
import { clammit } from "./clammit.ts";
import { cloudmersive } from "./cloudmersive.ts";
import { glasswallRebuild } from "./glasswall-rebuild.ts";
import { googleDlp } from "./google-dlp.ts";
import { hybridAnalysis } from "./hybrid-analysis.ts";
import { kasperskyScanEngine } from "./kaspersky-scan-engine.ts";
import { metadefenderCore } from "./metadefender-core.ts";
import { opa } from "./opa.ts";
import { phishTank } from "./phish-tank.ts";
import { presidio } from "./presidio.ts";
import { safeBrowsing } from "./safe-browsing.ts";
import { scanii } from "./scanii.ts";
import { triage } from "./triage.ts";
import { urlhaus } from "./urlhaus.ts";
import type { Vendor } from "./vendor.ts";
import { virusTotal } from "./virus-total.ts";
import { vmray } from "./vmray.ts";
import { webRisk } from "./web-risk.ts";

export const vendors: readonly Vendor[] = [
  cape,
  circlHashlookup,
  clamavRest,
  clamavRestApi,
  clammit,
  cloudmersive,
  glasswallRebuild,
  googleDlp,
  hybridAnalysis,
  kasperskyScanEngine,
  metadefenderCore,
  opa,
  phishTank,
  presidio,
  safeBrowsing,
  scanii,
  triage,
  urlhaus,
  virusTotal,
  vmray,
  webRisk,
];
