import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate with its key, as files and PEM. */
export interface TestCertificate {
  readonly file: string;
  readonly certificate: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** What a certificate is to be like; by default an RSA key of 2,048 bits, for 127.0.0.1, valid now, signed by itself. */
export interface CertificateWish {
  readonly bits?: number;
  /** Its subjectAltName; empty: it has none. */
  readonly names?: string;
  readonly expired?: boolean;
  readonly signedBy?: { readonly file: string; readonly keyFile: string };
}

/** Makes a certificate with openssl. */
export function makeRsaCertificate(folder: string, name: string, wish: CertificateWish = {}): TestCertificate {
  const names = wish.names ?? "IP:127.0.0.1";
  const path = (ending: string) => join(folder, `${name}.${ending}`);
  const run = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const ca = path("d");
  mkdirSync(ca);
  writeFileSync(join(ca, "index.txt"), "");
  writeFileSync(join(ca, "serial"), "01\n");
  writeFileSync(
    path("cnf"),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${ca}/index.txt\nserial=${ca}/serial\nnew_certs_dir=${ca}\ndefault_md=sha256\n` +
      `policy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\n${names === "" ? "" : `subjectAltName=${names}\n`}` +
      `basicConstraints=CA:${name.startsWith("ca")}\n`,
  );
  run(
    ...["req", "-new", "-newkey", `rsa:${wish.bits ?? 2048}`, "-nodes", "-subj", `/CN=${name}`],
    "-keyout",
    path("key"),
    "-out",
    path("csr"),
  );
  const dates = wish.expired === true
    ? ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"]
    : ["-startdate", "20200101000000Z", "-enddate", "20991231000000Z"];
  const signer = wish.signedBy === undefined
    ? ["-selfsign", "-keyfile", path("key")]
    : ["-cert", wish.signedBy.file, "-keyfile", wish.signedBy.keyFile];
  run("ca", "-batch", "-notext", "-config", path("cnf"), ...signer, "-in", path("csr"), "-out", path("pem"), ...dates);
  const certificate = readFileSync(path("pem"), "utf8");
  const fingerprint = createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex").toUpperCase();
  return { file: path("pem"), certificate, key: readFileSync(path("key"), "utf8"), fingerprint };
}

/** How a server speaks TLS: options of node:tls. */
export interface TlsServerOptions {
  readonly minVersion?: string;
  readonly maxVersion?: string;
  readonly ciphers?: string;
}

/** A small Redfish service behind OpenSSL's TLS, in a process of Node: no other runtime serves old TLS. */
export interface TlsServer {
  readonly url: string;
  readonly origin: string;
  /** How many connections it has taken so far. */
  connections(): Promise<number>;
  close(): void;
}

/** What the process does: one ComputerSystem, one GET that tells the number of connections. */
const PROGRAM = `
const { createServer } = require("node:https");
const options = JSON.parse(process.argv[1]);
let connections = 0;
let power = "Off";
const server = createServer(options, (request, answer) => {
  let body = "";
  request.on("data", (piece) => body += piece).on("end", () => {
    const said = (value) => { answer.setHeader("content-type", "application/json"); answer.end(JSON.stringify(value)); };
    const path = request.url.replace(/\\/$/, "");
    if (path === "/connections") return said({ connections });
    if (path === "/redfish/v1") return said({ Systems: { "@odata.id": "/redfish/v1/Systems" } });
    if (path === "/redfish/v1/Systems") return said({ Members: [{ "@odata.id": "/redfish/v1/Systems/1" }] });
    if (request.method === "POST") {
      power = JSON.parse(body).ResetType === "On" ? "On" : "Off";
      answer.statusCode = 204;
      return answer.end();
    }
    if (path === "/redfish/v1/Systems/1") return said({ PowerState: power });
    answer.statusCode = 404;
    answer.end();
  });
});
server.on("connection", () => connections++);
server.on("tlsClientError", () => {});
server.keepAliveTimeout = 120000;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
`;

/** Starts one. */
export async function startTlsServer(certificate: TestCertificate, options: TlsServerOptions = {}): Promise<TlsServer> {
  const all = { cert: certificate.certificate, key: certificate.key, ...options };
  const child: ChildProcess = spawn("node", ["-e", PROGRAM, JSON.stringify(all)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.once("data", (text) => resolve(Number(text)));
    child.once("exit", (code) => reject(new Error(`The server ended with ${code}`)));
  });
  const origin = `https://127.0.0.1:${port}`;
  return {
    origin,
    url: origin,
    async connections() {
      // A look of its own is one more.
      const args = ["-sk", "--tls-max", "1.3", "--tlsv1.0", "--ciphers", "ALL:@SECLEVEL=0", `${origin}/connections`];
      const found: { connections: number } = JSON.parse(execFileSync("curl", args, { encoding: "utf8" }));
      return found.connections - 1;
    },
    close: () => child.stdin?.end(),
  };
}

/** What a server says of itself before TLS has begun. */
export interface HelloWish {
  readonly version?: number;
  readonly cipher?: number;
  readonly renegotiation?: boolean;
  readonly certificate?: Uint8Array;
}

/** The first words of a server, in records of at most so many bytes. */
export function serverHello(
  { version = 0x0303, cipher = 0xc02f, renegotiation = true, certificate }: HelloWish,
  size = 16_000,
): Uint8Array {
  const u16 = (value: number) => [value >> 8, value & 255];
  const u24 = (value: number) => [value >> 16, ...u16(value & 0xffff)];
  const extensions = [0, 23, 0, 0, ...(renegotiation ? [0xff, 1, 0, 1, 0] : [])];
  const hello = [
    ...u16(version),
    ...Array(32).fill(7),
    2,
    9,
    9,
    ...u16(cipher),
    0,
    ...u16(extensions.length),
    ...extensions,
  ];
  const list = certificate === undefined ? [] : [...u24(certificate.length), ...certificate];
  const messages = [
    ...[2, ...u24(hello.length), ...hello],
    ...(certificate === undefined ? [] : [11, ...u24(list.length + 3), ...u24(list.length), ...list]),
    ...[14, 0, 0, 0],
  ];
  const records: number[] = [];
  for (let at = 0; at < messages.length; at += size) {
    const part = messages.slice(at, at + size);
    records.push(22, 3, 3, ...u16(part.length), ...part);
  }
  return new Uint8Array(records);
}
