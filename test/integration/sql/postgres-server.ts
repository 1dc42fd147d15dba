import { readdirSync, writeFileSync } from "node:fs";
import { DatabaseServer, password, type ServerKind, user } from "./database-server.ts";

/** Each release of Debian and Ubuntu has a version of its own, in a directory of its own. */
const versions = "/usr/lib/postgresql";
const programs = `${versions}/${newestVersion()}/bin`;

const kind: ServerKind = {
  type: "postgres",
  programs: ["/usr/bin/pg_ctlcluster", "/usr/bin/setpriv", "/usr/bin/openssl"],
  initialize: async (server) => {
    const secret = server.directory.join("initial");
    writeFileSync(secret, `${password}\n`);
    server.own(secret);
    await server.run(
      ...[`${programs}/initdb` as const, "--no-sync", "--no-instructions", "-D", server.data],
      ...[
        "-U",
        user,
        `--pwfile=${secret}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
      ],
    );
    // A server of its own for one database, before there is one to connect to.
    const create = server.directory.join("create.sql");
    writeFileSync(create, "CREATE DATABASE sluice;\n");
    await server.run(
      "/bin/sh",
      "-c",
      `${programs}/postgres --single -F -D ${server.data} postgres < ${create}`,
    );
  },
  command: ({ data, port, directory, cert, key }) => [
    `${programs}/postgres`,
    ...["-D", data, "-F", "-p", String(port), "-h", "127.0.0.1", "-k", directory.path],
    ...["-c", "ssl=on", "-c", `ssl_cert_file=${cert}`, "-c", `ssl_key_file=${key}`],
  ],
  ready: /database system is ready to accept connections/,
};

/** Debian's PostgreSQL. */
export const postgresPrograms = kind.programs;
export const createPostgres = (): DatabaseServer => new DatabaseServer(kind);

function newestVersion(): number {
  try {
    return Math.max(...readdirSync(versions).map(Number));
  } catch {
    // Not installed: the tests are skipped, by name.
    return 0;
  }
}
