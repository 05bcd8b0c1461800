// Serves one file with nothing but Node's built-ins, as a reference. Usage: plain_server.ts FILE
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import process from "node:process";

const file = process.argv[2] ?? "";
const server = createServer((_request, response) => {
  response.writeHead(200, { "content-length": statSync(file).size });
  createReadStream(file, { highWaterMark: 256 * 1024 }).pipe(response);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
});
