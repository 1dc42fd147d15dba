import { createConnection } from "mysql2/promise";
import { describeWith } from "../../support/programs.ts";
import { password, user } from "./database-server.ts";
import { createMariadb, mariadbPrograms } from "./mariadb-server.ts";
import { describeSqlServer } from "./server.contract.ts";

describeWith(mariadbPrograms, "the scanner sql with MariaDB", () => {
  describeSqlServer(() => {
    const server = createMariadb();
    const run = async (statement: string): Promise<readonly unknown[]> => {
      const { port } = server;
      const options = { host: "127.0.0.1", port, user, password, database: "sluice" };
      const connection = await createConnection(options);
      try {
        const [rows] = await connection.query(statement);
        return Array.isArray(rows) ? rows.map((row) => Object.values(row)[0]) : [];
      } finally {
        await connection.end();
      }
    };
    return {
      server,
      run,
      end: async () => {},
      slowQuery: "SELECT SLEEP(10) FROM reputation WHERE :host = 'slow.example'",
      slowCount:
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(10)%'",
      writing: [
        "CREATE FUNCTION forget() RETURNS INT BEGIN DELETE FROM reputation; RETURN 1; END",
        "SELECT forget() AS name",
      ],
    };
  });
});
