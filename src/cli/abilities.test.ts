import { describe, expect, it } from "vitest";
import type { JobAct } from "../serve/jobs.js";
import { Abilities } from "./abilities.js";

const signal = new AbortController().signal;
const back: JobAct = () => Promise.resolve({ state: "rolled_back" });
const ask = (abilities: Abilities, kind: "rollback" | "cutover" = "rollback"): ReturnType<JobAct> =>
  abilities.work(kind, {}, () => undefined, signal);

describe("what an engine does for whoever asks", () => {
  it("is not refused by a life that is about to say what it does: whoever asks waits for its word", async () => {
    const abilities = new Abilities();
    abilities.begin("soon");
    const asked = ask(abilities);
    abilities.are({ rollback: back }, "The target is open");
    expect(await asked).toEqual({ state: "rolled_back" });
    await expect(ask(abilities, "cutover")).rejects.toMatchObject({
      code: "usage",
      message: "The target is open, so there is nothing to cutover.",
    });
  });

  it("is asked for again where that life ends before its word, and of the next life", async () => {
    const abilities = new Abilities();
    abilities.begin("soon");
    const asked = ask(abilities);
    abilities.ended();
    await expect(asked).rejects.toMatchObject({ code: "no-engine" });
    await expect(ask(abilities)).rejects.toMatchObject({ code: "no-engine" });
    abilities.begin({ idle: "The copy is not complete yet" });
    await expect(ask(abilities)).rejects.toMatchObject({
      code: "usage",
      message: "The copy is not complete yet, so there is nothing to rollback.",
    });
  });

  it("is left to the next life by one that ends on purpose", async () => {
    const abilities = new Abilities();
    abilities.begin({ idle: "The copy is not complete yet" });
    abilities.are({ cutover: () => Promise.reject(new Error("of the life before")) }, "");
    abilities.leaves();
    const asked = ask(abilities);
    abilities.ended();
    abilities.begin("soon");
    abilities.are({ rollback: back }, "The target is open");
    expect(await asked).toEqual({ state: "rolled_back" });
    abilities.ended();
    await expect(ask(abilities)).resolves.toEqual({ state: "rolled_back" });
  });

  it("waits no longer than whoever asks", async () => {
    const abilities = new Abilities();
    abilities.begin("soon");
    const stop = new AbortController();
    const asked = abilities.work("rollback", {}, () => undefined, stop.signal);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: "interrupted" });
  });
});
