/** The EICAR test file, put together here so that no anti-virus program takes a file of this repository for it. */
export const eicarText = [
  "X5O!P%@AP[4\\PZX54(P^)7CC)7}$",
  "EICAR-STANDARD-",
  "ANTIVIRUS-TEST-FILE!$H+H*",
].join("");

export const eicar = Buffer.from(eicarText, "latin1");
