import type { AdminAnswer } from "./endpoints.ts";

/** A request of the API that is not answered as it asks: RFC 9457, without a type of its own. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    about: {
      readonly title: string;
      readonly detail: string;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ) {
    super(about.detail);
    this.status = status;
    this.title = about.title;
    this.headers = about.headers ?? {};
  }

  get answer(): AdminAnswer {
    const { status, title, message: detail, headers } = this;
    return {
      status,
      contentType: "application/problem+json",
      body: `${JSON.stringify({ title, status, detail })}\n`,
      headers,
    };
  }
}

export const invalid = (detail: string): ApiProblem =>
  new ApiProblem(422, { title: "the request is not valid", detail });
