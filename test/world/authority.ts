/**
 * A certificate authority of a test's own, by openssl: its certificate, and certificates that it signs for the names
 * that the test says. Its folder can be read by the servers' account, and is removed at the end.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = "openssl";

export interface Authority extends Disposable {
  readonly folder: string;
  /** PEM, and the file that it is in. */
  readonly ca: string;
  readonly caFile: string;
  /** A key and the certificate for `names` ("DNS:localhost,IP:127.0.0.1"), as PEM; `days` less than none is one that has run out. */
  issue(names: string, days?: number): { readonly key: string; readonly certificate: string };
}

/** Why there can be no authority here; null where there can. */
export function noAuthority(): string | null {
  return spawnSync(program, ["version"]).status === 0 ? null : "no openssl on PATH to make certificates with";
}

export function authority(): Authority {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "headgate-ca-")));
  chmodSync(folder, 0o755);
  const openssl = (...args: string[]): void => {
    execFileSync(program, args, { cwd: folder, stdio: "pipe" });
  };
  const text = (file: string): string => readFileSync(join(folder, file), "utf8");
  const newKey = ["-newkey", "rsa:2048", "-nodes"];
  const self = ["-days", "2", "-subj", "/CN=headgate test ca", "-keyout", "ca.key", "-out", "ca.pem"];
  openssl("req", "-x509", ...newKey, ...self);
  return {
    folder,
    ca: text("ca.pem"),
    caFile: join(folder, "ca.pem"),
    issue: (names, days = 2) => {
      openssl("req", ...newKey, "-subj", "/CN=somebody", "-keyout", "server.key", "-out", "server.csr");
      writeFileSync(join(folder, "names"), `subjectAltName=${names}\n`);
      const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", String(days)];
      const files = ["-in", "server.csr", "-extfile", "names", "-out", "server.pem"];
      openssl("x509", "-req", ...signed, ...files);
      return { key: text("server.key"), certificate: text("server.pem") };
    },
    [Symbol.dispose]: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
