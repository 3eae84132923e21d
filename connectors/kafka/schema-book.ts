/**
 * The schemas that a registry has, by their numbers: fetched when a record first names one, kept for ever, because a
 * number never gets another schema. Records that wait for the same one share its request.
 */
import { Fault } from "../../src/errors.js";
import type { AvroNode } from "./avro-schema.js";
import { avroSchema } from "./avro-schema.js";
import { unreadable } from "./unreadable.js";

/** Fetches the text of a schema. Faults: event-unreadable where the registry does not know it, connection-lost. */
export type FetchSchema = (id: number) => Promise<string>;

export class SchemaBook {
  readonly #fetch: FetchSchema | null;
  readonly #known = new Map<number, AvroNode>();
  readonly #waiting = new Map<number, Promise<void>>();

  /** `fetch` null where no registry is configured. */
  constructor(fetch: FetchSchema | null) {
    this.#fetch = fetch;
  }

  /** null where the schema is known already. */
  prepare(id: number): Promise<void> | null {
    if (this.#known.has(id)) return null;
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) return waiting;
    const request = this.#load(id).finally(() => this.#waiting.delete(id));
    this.#waiting.set(id, request);
    return request;
  }

  known(id: number): AvroNode {
    const schema = this.#known.get(id);
    if (schema === undefined) throw new Fault("bug", `Schema ${String(id)} was not prepared.`);
    return schema;
  }

  async #load(id: number): Promise<void> {
    if (this.#fetch === null)
      throw unreadable(
        `The record is Avro of schema ${String(id)}, and headgate.yaml names no registry to ask for it.`,
      );
    const text = await this.#fetch(id);
    let schema: unknown;
    try {
      schema = JSON.parse(text);
    } catch (error) {
      throw unreadable(`The registry's schema ${String(id)} is no JSON.`, error);
    }
    this.#known.set(id, avroSchema(schema));
  }
}
