/**
 * `check` on sakila as it stands, without a line of config: no error, and its full-text and spatial indexes, triggers,
 * routines and their functions are each named. That no other database of the corpus has an error is shown where all
 * of them are copied, in corpus-copy.test.ts.
 */
import { expect, it } from "vitest";
import { asEngine } from "./accounts.js";
import { corpora, corpusMissing, dropCorpus, loadCorpus } from "./corpus.js";
import { fromSources } from "./from-sources.js";
import { journey } from "./journey.js";
import type { Said } from "./journey.js";
import { engineOptions, sourceUrl } from "./source-database.js";

interface Told {
  readonly code: string;
  readonly severity: string;
  readonly object: string;
  readonly sentence: string;
}

function findings(said: Said): readonly Told[] {
  const list = said["findings"];
  return Array.isArray(list) ? (list as readonly Told[]) : [];
}

const objects = (told: readonly Told[], ...codes: readonly string[]): string[] =>
  told
    .filter(({ code }) => codes.includes(code))
    .map(({ object }) => object)
    .sort();

function expectSakila(told: readonly Told[], spatial: boolean): void {
  expect(objects(told, "trigger-not-copied")).toEqual([
    "customer.customer_create_date",
    "film.del_film",
    "film.ins_film",
    "film.upd_film",
    "payment.payment_date",
    "rental.rental_date",
  ]);
  expect(objects(told, "procedure-not-copied", "function-not-copied")).toEqual([
    "film_in_stock",
    "film_not_in_stock",
    "get_customer_balance",
    "inventory_held_by_customer",
    "inventory_in_stock",
    "rewards_report",
  ]);
  expect(objects(told, "index-not-built")).toEqual([
    ...(spatial ? ["address.idx_location"] : []),
    "film_text.idx_title_description",
  ]);
  const sentence = (object: string): string =>
    told.find((each) => each.object === object && each.code.endsWith("-not-copied"))?.sentence ?? "";
  expect(sentence("rewards_report")).toMatch(/Risk (?:medium|high).*temporary tables.*reads sql data/u);
  expect(sentence("film.upd_film")).toMatch(/Risk low.*writes film_text/u);
  expect(objects(told, "mysql-function")).toEqual(
    expect.arrayContaining(["get_customer_balance", "rewards_report", "payment.payment_date"]),
  );
}

fromSources(["mysql9", "mariadb"], "from %s", (server) => {
  const missing = corpusMissing;
  if (missing !== null) {
    it("the corpus", (context) => {
      context.skip(missing);
    });
    return;
  }

  it.each(corpora.filter(({ folder }) => folder === "sakila"))(
    "$folder, with nothing settled",
    async (corpus) => {
      const url = await sourceUrl(server);
      await loadCorpus(url, corpus);
      await using trip = await journey(`check_${server}`, server);
      await engineOptions(url, "sakila");
      trip.configure([], { source: asEngine(url, "sakila") });
      const told = findings(await trip.said(0, "check"));
      expect(told.filter(({ severity }) => severity === "error")).toEqual([]);
      // Its spatial column and index stand in a comment that MariaDB passes over.
      expectSakila(told, server === "mysql9");
      await dropCorpus(url, corpus);
    },
  );
});
