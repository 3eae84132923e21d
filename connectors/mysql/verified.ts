/** What the driver asks of a server's certificate: that it is trusted, and made for the host that was asked for. */
export function verified(ca: string | undefined): {
  rejectUnauthorized: true;
  verifyIdentity: true;
  minVersion: "TLSv1.2";
  ca?: string;
} {
  return {
    rejectUnauthorized: true,
    verifyIdentity: true,
    minVersion: "TLSv1.2",
    ...(ca === undefined ? {} : { ca }),
  };
}
