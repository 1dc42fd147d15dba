import fixture from "./cape.json" with { type: "json" };
import { always, routes, type Vendor } from "./vendor.ts";
import { type Behaviour, fileIn } from "./vendor-server.ts";

const { answers } = fixture;
const SHA256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
const LOOKUP = `GET /apiv2/tasks/search/sha256/${SHA256}/`;
const STATUS = "GET /apiv2/tasks/status/12/";
const REPORT = "GET /apiv2/tasks/get/report/12/json/";

const analysing = (report: unknown, last: unknown = answers.reported): Behaviour =>
  routes({
    [LOOKUP]: always(answers.noTasks),
    "POST /apiv2/tasks/create/file/": (request) => {
      fileIn(request, "file");
      return { body: answers.created };
    },
    [STATUS]: ({ calledBefore }) => ({
      body: [answers.pending, answers.running][calledBefore] ?? last,
    }),
    [REPORT]: always(report),
  });

export const cape: Vendor = {
  preset: "Cape",
  fixture,
  secrets: { token: "cape-secret-token" },
  admits: ({ headers }) => headers.authorization === "Token cape-secret-token",
  refusal: { status: 401, body: answers.wrongToken },
  epoch: { call: "GET /apiv2/cuckoo/status/", answer: answers.status, is: "2.4-CAPE" },
  cases: [
    {
      name: "submits a sample, waits for its report and blocks a high score",
      does: analysing(answers.malicious),
      about: { fileName: "ü.exe" },
      isPolled: true,
      says: { kind: "blocked", reason: "sandbox", score: 0.86, threats: [{ name: "Emotet" }] },
      calls: [LOOKUP, "POST /apiv2/tasks/create/file/", STATUS, STATUS, STATUS, REPORT],
    },
    {
      name: "is suspicious of a middling score",
      does: analysing(answers.suspicious),
      says: { kind: "suspicious", threats: [] },
    },
    {
      name: "blocks it where the limit is lower",
      does: analysing(answers.suspicious),
      params: { minMalscore: 4 },
      says: { kind: "blocked" },
    },
    {
      name: "takes the report of a sample that was analysed before",
      does: routes({
        [LOOKUP]: always(answers.tasks),
        "GET /apiv2/tasks/status/3/": always(answers.reported),
        "GET /apiv2/tasks/get/report/3/json/": always(answers.clean),
      }),
      says: { kind: "clean" },
    },
    {
      name: "submits a sample that the search calls an error",
      does: (request) =>
        request.call === LOOKUP ? { body: answers.notFound } : analysing(answers.clean)(request),
      says: { kind: "clean" },
    },
    {
      name: "cannot vouch for an archive of which it makes several samples",
      does: (request) =>
        request.call.startsWith("POST")
          ? { body: answers.createdOfArchive }
          : analysing(answers.clean)(request),
      says: { kind: "unscannable", reason: "archive-limit" },
    },
    {
      name: "nor for one of which a part was not submitted",
      does: (request) =>
        request.call.startsWith("POST")
          ? { body: answers.createdInPart }
          : analysing(answers.clean)(request),
      says: { kind: "unscannable" },
    },
    {
      name: "nor for an archive whose samples were analysed before",
      does: routes({
        [LOOKUP]: always(answers.tasksOfArchive),
        "GET /apiv2/tasks/status/3/": always(answers.reported),
        "GET /apiv2/tasks/get/report/3/json/": always(answers.clean),
      }),
      says: { kind: "unscannable" },
      calls: [LOOKUP],
    },
    {
      name: "says error of a task that is banned",
      does: analysing(answers.malicious, answers.banned),
      says: { kind: "error" },
    },
    {
      name: "says error of an analysis that failed",
      does: analysing(answers.malicious, answers.failed),
      says: { kind: "error" },
    },
  ],
};
