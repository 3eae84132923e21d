import { describe, expect, it } from "vitest";
import { forecastOf, mirrorIn } from "./debian.js";

describe("what apt says", () => {
  it("gives the size of a download", () => {
    const output = [
      "0 upgraded, 55 newly installed, 0 to remove and 0 not upgraded.",
      "Need to get 59.8 MB of archives.",
      "After this operation, 338 MB of additional disk space will be used.",
    ].join("\n");
    expect(forecastOf(output)).toBe("59.8 MB to download, 338 MB on disk");
    expect(forecastOf("Need to get 1,024 kB/59.8 MB of archives.")).toContain("59.8 MB to download");
    expect(forecastOf("E: something else")).toBe("an unknown amount to download, an unknown amount on disk");
  });

  it("names the Debian mirror, and not the mirror of security updates", () => {
    const uris = [
      "'http://mirror.example/debian-security/dists/bookworm-security/InRelease' mirror_InRelease 0 ",
      "'http://mirror.example/some/debian/dists/bookworm/InRelease' mirror_InRelease 0 ",
    ].join("\n");
    expect(mirrorIn(uris)).toBe("http://mirror.example/some/debian/");
    expect(mirrorIn("'http://mirror.example/ubuntu/dists/noble/InRelease' x 0 ")).toBeUndefined();
  });
});
