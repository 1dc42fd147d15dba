import { writeFileSync } from "node:fs";
import { DatabaseServer, password, type ServerKind, user } from "./database-server.ts";

const kind: ServerKind = {
  type: "mysql",
  programs: [
    "/usr/sbin/mariadbd",
    "/usr/bin/mariadb-install-db",
    "/usr/bin/setpriv",
    "/usr/bin/openssl",
  ],
  initialize: async (server) => {
    await server.run(
      ...["/usr/bin/mariadb-install-db" as const, "--no-defaults", `--datadir=${server.data}`],
      ...["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"],
    );
    const statements = [
      "CREATE DATABASE sluice",
      `CREATE USER '${user}'@'127.0.0.1' IDENTIFIED BY '${password}'`,
      `GRANT ALL ON *.* TO '${user}'@'127.0.0.1'`,
    ];
    writeFileSync(server.directory.join("init.sql"), `${statements.join(";\n")};\n`);
  },
  command: ({ data, port, directory, cert, key }) => [
    ...(["/usr/sbin/mariadbd", "--no-defaults", `--datadir=${data}`] as const),
    ...[`--port=${port}`, "--bind-address=127.0.0.1", `--socket=${directory.join("my.sock")}`],
    ...[
      `--pid-file=${directory.join("my.pid")}`,
      "--skip-name-resolve",
      "--innodb-flush-method=nosync",
    ],
    ...[`--init-file=${directory.join("init.sql")}`, "--innodb-buffer-pool-size=8M"],
    ...["--innodb-log-file-size=4M", "--performance-schema=OFF"],
    "--character-set-server=utf8mb4",
    ...[`--ssl-cert=${cert}`, `--ssl-key=${key}`],
  ],
  ready: /ready for connections/,
};

/** Debian's MariaDB. */
export const mariadbPrograms = kind.programs;
export const createMariadb = (): DatabaseServer => new DatabaseServer(kind);
