/**
 * pgoutput as the way back needs it: every value as the bytes of PostgreSQL's own binary form, our marks, and what carries
 * an origin left out by the server where it can. The package's parser is used as it is; what it would make of a value that
 * came as text is replaced, so that none slips through, and what it throws is told, as it is called from a socket's event.
 */
import type { Client } from "pg";
import { PgoutputPlugin } from "pg-logical-replication";
import type { Pgoutput } from "pg-logical-replication";

/** In place of a value that came as text. */
export const asText: unique symbol = Symbol("a value that came as text");

export interface LogPluginOptions {
  readonly publication: string;
  /** The server leaves out whatever carries an origin (16 and later). */
  readonly withoutOrigins: boolean;
  /** A message is here. Called before it is handed over. */
  readonly onMessage: () => void;
  /** The connection that is read, before it is. */
  readonly onConnected: (client: Client) => void;
  /** It could not be parsed. */
  readonly onUnreadable: (error: unknown) => void;
}

export class LogPlugin extends PgoutputPlugin {
  readonly #options: LogPluginOptions;

  constructor(options: LogPluginOptions) {
    super({ protoVersion: 1, publicationNames: [options.publication], messages: true });
    this.#options = options;
  }

  override parse(buffer: Buffer): Pgoutput.Message {
    this.#options.onMessage();
    try {
      const message = super.parse(buffer);
      if (message.tag === "relation") for (const column of message.columns) column.parser = () => asText;
      return message;
    } catch (error) {
      this.#options.onUnreadable(error);
      return { tag: "type", typeOid: 0, typeSchema: "", typeName: "" };
    }
  }

  override async start(client: Client, slot: string, lsn: string): Promise<void> {
    const settings = [
      "proto_version '1'",
      `publication_names '${quoted(this.#options.publication).replaceAll("'", "''")}'`,
      "messages 'true'",
      "binary 'true'",
      ...(this.#options.withoutOrigins ? ["origin 'none'"] : []),
    ];
    this.#options.onConnected(client);
    await client.query(`START_REPLICATION SLOT ${quoted(slot)} LOGICAL ${lsn} (${settings.join(", ")})`);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
