import fixture from "./kaspersky-scan-engine.json" with { type: "json" };
import { routes, type Vendor } from "./vendor.ts";
import { type Behaviour, badRequest } from "./vendor-server.ts";

const { answers } = fixture;

const scanning = (answer: unknown): Behaviour =>
  routes({
    "POST /api/v3.0/scanmemory": ({ body }) => {
      const { timeout, object } = JSON.parse(body.toString()) as Record<string, unknown>;
      if (timeout !== "10000") throw badRequest("timeout is a text");
      if (object !== Buffer.from("content").toString("base64")) throw badRequest("object");
      return { body: answer };
    },
  });

export const kasperskyScanEngine: Vendor = {
  preset: "KasperskyScanEngine",
  fixture,
  secrets: {},
  epoch: {
    call: "GET /api/v3.0/basesdate",
    answer: answers.basesDate,
    is: "20.11.2026 14:59 GMT",
  },
  cases: [
    { name: "lets pass what is clean", does: scanning(answers.clean), says: { kind: "clean" } },
    {
      name: "blocks what is detected, with the objects inside",
      does: scanning(answers.detect),
      says: {
        kind: "blocked",
        reason: "malware",
        threats: [{ name: "EICAR-Test-File" }, { name: "EICAR-Test-File", path: "memory//a.com" }],
      },
    },
    {
      name: "knows the word of version 1.0",
      does: scanning(answers.detected),
      says: { kind: "blocked" },
    },
    {
      name: "blocks what was disinfected there: here it is as it was",
      does: scanning(answers.disinfected),
      says: { kind: "blocked", threats: [{ name: "Virus.Win32.X" }] },
    },
    {
      name: "cannot look into what has a password",
      does: scanning(answers.password),
      says: { kind: "unscannable", reason: "encrypted" },
    },
    {
      name: "cannot vouch for an archive with an object inside that was not scanned",
      does: scanning(answers.partial),
      says: { kind: "unscannable", reason: "encrypted" },
    },
    {
      name: "blocks an object inside, whatever it says of the whole",
      does: scanning({ ...answers.detect, scanResult: "CLEAN", detectionName: "" }),
      says: {
        kind: "blocked",
        reason: "malware",
        threats: [{ name: "EICAR-Test-File", path: "memory//a.com" }],
      },
    },
    {
      name: "says error where an object inside has no result",
      does: scanning({ ...answers.clean, subObjectsScanResults: [{ object: "memory//a" }] }),
      says: { kind: "error" },
    },
    {
      name: "says error where the server does",
      does: scanning(answers.serverError),
      says: { kind: "error" },
    },
  ],
};
