/** Whether the server takes a connection of the replication protocol from us: pg_hba.conf may refuse those alone. */
import { Client } from "pg";
import type { ReplicationClientConfig } from "pg-logical-replication";
import type { Fault } from "../../../src/errors.js";
import { clientConfig } from "../connection.js";
import type { PostgresOptions } from "../connection.js";
import { faultOf } from "../fault.js";

/** null where it does; else what it says. */
export async function refusedReplication(server: PostgresOptions): Promise<Fault | null> {
  const config: ReplicationClientConfig = { ...clientConfig(server), replication: "database" };
  const client = new Client(config);
  const lost: Error[] = [];
  // A connection that ends by itself is told here, and by the statement that it was running.
  client.on("error", (error) => lost.push(error));
  try {
    await client.connect();
    await client.query("IDENTIFY_SYSTEM");
    const [error] = lost;
    return error === undefined ? null : faultOf(error, "opening a connection for replication");
  } catch (error) {
    return faultOf(error, "opening a connection for replication");
  } finally {
    await client.end();
  }
}
