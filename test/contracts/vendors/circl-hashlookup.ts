import fixture from "./circl-hashlookup.json" with { type: "json" };
import { always, routes, type Vendor } from "./vendor.ts";

const { answers } = fixture;
const CALL = "GET /lookup/sha256/ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
const listing = (answer: unknown, status = 200) => routes({ [CALL]: always(answer, status) });

export const circlHashlookup: Vendor = {
  preset: "CirclHashlookup",
  fixture,
  secrets: {},
  cases: [
    {
      name: "lets a file pass that is known",
      does: listing(answers.known),
      says: { kind: "clean" },
      calls: [CALL],
    },
    { name: "takes no trust for neutral", does: listing(answers.plain), says: { kind: "clean" } },
    {
      name: "does not know a file that is little trusted",
      does: listing(answers.distrusted),
      says: { kind: "unknown" },
    },
    {
      name: "blocks a file that is known as malicious",
      does: listing(answers.malicious),
      says: { kind: "blocked", reason: "malware", threats: [expectedThreat()] },
    },
    {
      name: "does not know what is not listed: that is not clean",
      does: listing(answers.unknown, 404),
      says: { kind: "unknown" },
    },
    {
      name: "takes 404 of anybody else for an error",
      does: listing("Not Found", 404),
      says: { kind: "error" },
    },
    {
      name: "says error where the hash is refused",
      does: listing(answers.badHash, 400),
      says: { kind: "error" },
    },
  ],
};

function expectedThreat() {
  const ref = `https://hashlookup.circl.lu${CALL.slice("GET ".length)}`;
  return { name: "KnownMalicious", ref };
}
