import { answerHead, encapsulatedValue, NULL_BODY } from "../../src/protocol/index.ts";
import type { MicroSuite } from "./suite.ts";

const common = {
  istag: '"5BDEEEA9-12E4-2"',
  date: "Mon, 10 Jan 2000 09:55:21 GMT",
  closes: false,
};

export const suite: MicroSuite = {
  title: "write the head of an answer",
  tasks: [
    {
      name: "204",
      run: () => answerHead(204, { ...common, fields: "", encapsulated: NULL_BODY }),
    },
    {
      name: "200 with a threat",
      run: () =>
        answerHead(200, {
          ...common,
          fields:
            "X-Infection-Found: Type=0; Resolution=2; Threat=EICAR-Test-File;\r\nX-Virus-ID: EICAR-Test-File\r\n",
          encapsulated: encapsulatedValue("res", 187, true),
        }),
    },
  ],
};
