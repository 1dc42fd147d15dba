import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

export const chromiumPath = "/usr/bin/chromium";

/** Pictures of what a person sees; CI keeps them. */
const pictures = join(import.meta.dirname, "..", "..", "artifacts", "screenshots");

/** Debian's Chromium without a window; everything it loads comes through the proxy. */
export function openBrowser(proxy: string): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    proxy: { server: proxy },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** The text that a person sees there: what is hidden by style is left out. */
export function visibleText(page: Page, selector: string): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: textContent includes what nobody sees.
  return page.innerText(selector);
}
