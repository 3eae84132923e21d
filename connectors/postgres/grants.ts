/**
 * What our account on the target needs, as the statements that `check --grants` prints: an owner's rights on one
 * schema and the right to make its own schema `headgate`; never a superuser's. What only a later phase needs is
 * listed under that phase.
 */
import type { PhaseGrants } from "../../src/model.js";
import { postgresName } from "../../src/safety/identifier.js";
import type { Session } from "./connection.js";

/** For the role that the session is logged in as. */
export async function readGrants(
  session: Session,
  database: string,
  schema: string,
): Promise<readonly PhaseGrants[]> {
  const [row] = (await session.query("SELECT current_user AS role", undefined, "asking for our own role"))
    .rows;
  const role = postgresName(row?.["role"] ?? "");
  const on = postgresName(schema);
  return [
    {
      phase: "copy",
      server: "target",
      statements: [
        `GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${postgresName(database)} TO ${role};`,
        `GRANT USAGE, CREATE ON SCHEMA ${on} TO ${role};`,
      ],
    },
    {
      phase: "stream",
      server: "target",
      statements: [`GRANT SET ON PARAMETER session_replication_role TO ${role};`],
    },
    { phase: "way back", server: "target", statements: [`ALTER ROLE ${role} REPLICATION;`] },
  ];
}
