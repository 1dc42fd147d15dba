/** The block page as a person sees it: Chromium through Squid. Pictures go to artifacts/screenshots. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { chromiumPath, keepPicture, openBrowser, visibleText } from "../support/browser.ts";
import { eicar } from "../support/eicar.ts";
import { describeWith } from "../support/programs.ts";
import { squidPrograms } from "../support/squid.ts";
import { useProxiedPath } from "./proxied.ts";

const programs = [...squidPrograms, "/usr/bin/curl", "/usr/bin/openssl", chromiumPath];

describeWith(programs, "A person with Chromium", () => {
  const path = useProxiedPath({ bump: true });
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser(path().squid.url);
  });
  afterAll(() => browser?.close());

  /** A new window on the address, trusting what ssl-bump makes. */
  async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  const eicarPage = () => path().origin.page("/eicar.txt", eicar, "text/plain");

  it("sees a page that is harmless", async () => {
    const page = await visit(path().origin.page("/", "<h1>Welcome</h1>", "text/html"));
    expect(await visibleText(page, "body")).toBe("Welcome");
  });

  it("sees why EICAR is blocked and what to do", async () => {
    const page = await visit(eicarPage());
    await keepPicture(page, "blocked");
    const text = await visibleText(page, "main");
    expect(text).toMatch(/Blocked\s+This content is malicious\s/);
    expect(text).toMatch(/Found\s+.*eicar/i);
    expect(text).toContain(eicarPage());
    expect(await page.inputValue("#incident")).toMatch(/^\S{8,}$/);
  });

  it("sees the same over HTTPS", async () => {
    const url = path().secureOrigin.page("/eicar.txt", eicar, "text/plain");
    const page = await visit(url);
    await keepPicture(page, "blocked-https");
    expect(await visibleText(page, "h1")).toBe("This content is malicious");
    expect(await visibleText(page, "main")).toContain(url);
  });

  it("sees it after sending EICAR by a form", async () => {
    const form = `<form method="post" enctype="multipart/form-data" action="/upload">
      <input name="note"><input type="file" name="file"><button>Send</button></form>`;
    const page = await visit(path().origin.page("/form", form, "text/html"));
    await page.setInputFiles("input[type=file]", {
      name: "eicar.com",
      mimeType: "application/octet-stream",
      buffer: Buffer.from(eicar),
    });
    await page.click("button");
    await page.waitForSelector("main");
    await keepPicture(page, "blocked-upload");
    expect(await visibleText(page, ".stopped")).toMatch(/Nothing was sent/);
    expect(path().origin.received.map(({ url }) => url)).not.toContain("/upload");
  });

  it.each([
    ["de", "ltr"],
    ["fr", "ltr"],
    ["es", "ltr"],
    ["ar", "rtl"],
    ["zh-CN", "ltr"],
  ])("sees it in the language of the browser, %s", async (locale, direction) => {
    const page = await visit(eicarPage(), { locale });
    await keepPicture(page, `blocked-${locale}`);
    expect(await page.getAttribute("html", "dir")).toBe(direction);
    expect(await page.getAttribute("html", "lang")).toMatch(new RegExp(`^${locale.slice(0, 2)}`));
    expect(await visibleText(page, "h1")).not.toBe("This content is malicious");
  });

  it("sees light letters on dark ground with a dark colour scheme", async () => {
    const page = await visit(eicarPage(), { colorScheme: "dark" });
    await keepPicture(page, "blocked-dark");
    const channels = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    const brightness = String(channels).match(/\d+/g)?.map(Number) ?? [];
    expect(Math.max(...brightness.slice(0, 3))).toBeLessThan(80);
  });

  it("need not scroll sideways on a phone", async () => {
    const page = await visit(eicarPage(), { viewport: { width: 320, height: 640 } });
    await keepPicture(page, "blocked-phone");
    const width = await page.evaluate("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(320);
  });
});
