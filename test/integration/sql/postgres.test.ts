import pg from "pg";
import { describeWith } from "../../support/programs.ts";
import { password, user } from "./database-server.ts";
import { createPostgres, postgresPrograms } from "./postgres-server.ts";
import { describeSqlServer } from "./server.contract.ts";

describeWith(postgresPrograms, "the scanner sql with PostgreSQL", () => {
  describeSqlServer(() => {
    const server = createPostgres();
    const run = async (statement: string): Promise<readonly unknown[]> => {
      const { port } = server;
      const client = new pg.Client({ host: "127.0.0.1", port, user, password, database: "sluice" });
      await client.connect();
      try {
        const { rows } = await client.query<Record<string, unknown>>(statement);
        return rows.map((row) => Object.values(row)[0]);
      } finally {
        await client.end();
      }
    };
    return {
      server,
      run,
      end: async () => {},
      slowQuery: "SELECT pg_sleep(10) FROM reputation WHERE :host = 'slow.example'",
      slowCount:
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(10)%' AND pid <> pg_backend_pid()",
      writing: [
        "SELECT 1",
        "WITH gone AS (DELETE FROM reputation RETURNING name) SELECT name FROM gone",
      ],
    };
  });
});
