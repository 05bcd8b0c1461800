import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { withFolder } from "../support/folder.ts";
import { makeRsaCertificate } from "./tls_fixture.ts";

/** When they are looked at: in 2030, in milliseconds since 1970. */
export const NOW: number = Date.UTC(2030, 0, 1);

/** The certificates of every kind, by name. */
export type Certificates = { readonly [name: string]: X509Certificate };

let made: Promise<Certificates> | undefined;
/** Certificates of every kind, made once: that takes longer than all tests. */
export function certificates(): Promise<Certificates> {
  return made ??= new Promise((resolve) =>
    void withFolder(async (folder) => {
      const ca = makeRsaCertificate(folder, "ca");
      const signedBy = { file: ca.file, keyFile: ca.file.replace(/pem$/, "key") };
      const make = (name: string, wish: Parameters<typeof makeRsaCertificate>[2]) =>
        new X509Certificate(makeRsaCertificate(folder, name, wish).certificate);
      resolve({
        own: make("own", {}),
        signed: make("signed", { signedBy }),
        expired: make("expired", { signedBy, expired: true }),
        named: make("named", { signedBy, names: "DNS:bmc.example,DNS:bmc2.example,DNS:bmc3.example,DNS:bmc4.example" }),
        weak: make("weak", { signedBy, bits: 1024 }),
        nameless: make("nameless", { signedBy, names: "" }),
      });
    })
  );
}

/** One of them. */
export async function certificate(name: string): Promise<X509Certificate> {
  const found = (await certificates())[name];
  assert.ok(found !== undefined);
  return found;
}
