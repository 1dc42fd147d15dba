/** What the grammars of requests and answers turn on. */
const DICTIONARY = [
  ...["\r\n", "\r\n\r\n", "\r", "\n", " ", "\t", ":", ";", ",", "=", "0", "\0", "\x7f", "\xff"],
  ...[
    "OPTIONS ",
    "REQMOD ",
    "RESPMOD ",
    "icap://h/s",
    "icaps://",
    " ICAP/1.0\r\n",
    " ICAP/1.1\r\n",
  ],
  ...[
    "Encapsulated: ",
    "req-hdr=0",
    "res-hdr=0",
    "req-body=",
    "res-body=",
    "opt-body=0",
    "null-body=",
  ],
  ...[
    "Preview: ",
    "Allow: 204\r\n",
    "Connection: close\r\n",
    "Host: h\r\n",
    "X: y\r\n",
    " folded\r\n",
  ],
  ...[
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0; ieof\r\n\r\n",
    "; use-original-body=3",
    "ffffffffffffffff",
  ],
  ...[
    "99999999999",
    "-1",
    "ICAP/1.0 200 OK\r\n",
    "ICAP/1.0 100 Continue\r\n\r\n",
    'ISTag: "a"\r\n',
  ],
].map((text) => Buffer.from(text, "latin1"));

const MAX_CHANGES = 4;
const MAX_BYTES = 4096;

/** A copy of the input with a few changes: bits, bytes, pieces of grammar, pieces of another input. */
export function mutate(input: Buffer, other: Buffer, next: (bound: number) => number): Buffer {
  let mutated = input;
  for (let changes = 1 + next(MAX_CHANGES); changes > 0; changes--) {
    mutated = changeOnce(mutated, other, next);
  }
  return mutated.subarray(0, MAX_BYTES);
}

function changeOnce(input: Buffer, other: Buffer, next: (bound: number) => number): Buffer {
  const at = next(input.length + 1);
  const before = input.subarray(0, at);
  const behind = input.subarray(at);
  const word = DICTIONARY[next(DICTIONARY.length)] as Buffer;
  const from = next(other.length + 1);
  switch (next(8)) {
    case 0:
      return Buffer.concat([before, word, behind]);
    case 1:
      return Buffer.concat([before, word, behind.subarray(word.length)]);
    case 2:
      return Buffer.concat([before, behind.subarray(1 + next(8))]);
    case 3:
      return Buffer.concat([before, Buffer.of(next(256)), behind.subarray(1)]);
    case 4:
      return Buffer.concat([before, behind.subarray(0, next(40)), behind]);
    case 5:
      return Buffer.concat([before, other.subarray(from)]);
    case 6:
      return Buffer.concat([before, other.subarray(from, from + next(60)), behind]);
    default:
      return Buffer.concat([
        before,
        Buffer.of((behind[0] ?? 0) ^ (1 << next(8))),
        behind.subarray(1),
      ]);
  }
}
