import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { bareType, normaliseTargetType } from "./target-type.js";

describe("target types", () => {
  it.each([
    ["INT", "integer"],
    ["int8", "bigint"],
    ["bool", "boolean"],
    ["varchar(40)", "character varying(40)"],
    ["character  varying ( 40 )", "character varying(40)"],
    ["varchar", "character varying"],
    ["char(3)", "character(3)"],
    ["char", "character(1)"],
    ["bit", "bit(1)"],
    ["bit(8)", "bit(8)"],
    ["varbit(8)", "bit varying(8)"],
    ["numeric", "numeric"],
    ["decimal(10)", "numeric(10,0)"],
    ["numeric(10, 2)", "numeric(10,2)"],
    ["timestamptz(3)", "timestamp(3) with time zone"],
    ["timestamptz", "timestamp with time zone"],
    ["timestamp(3)", "timestamp(3) without time zone"],
    ["timestamp(6) with time zone", "timestamp(6) with time zone"],
    ["timestamp without time zone", "timestamp without time zone"],
    ["time(3)", "time(3) without time zone"],
    ["timetz", "time with time zone"],
    ["float8", "double precision"],
    ["real[]", "real[]"],
    ["text[]", "text[]"],
    ["varchar(5)[]", "character varying(5)[]"],
    ["citext", "citext"],
  ])("%s is %s", (text, expected) => {
    expect(normaliseTargetType(text)).toBe(expected);
    expect(normaliseTargetType(expected)).toBe(expected);
  });

  it.each(["", "text; DROP TABLE x", 'text"', "text default 1 --", "text)", "int with time zone", "a(b)"])(
    "%j is no type",
    (text) => {
      expect(() => normaliseTargetType(text)).toThrow(Fault);
    },
  );

  it("knows the bare type", () => {
    expect(["timestamp(6) with time zone", "numeric(20,0)", "text[]"].map(bareType)).toEqual([
      "timestamp with time zone",
      "numeric",
      "text[]",
    ]);
  });
});
