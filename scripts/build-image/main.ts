// Makes a root image for nodes. Usage: npm run -s build-image -- [OPTION ...]
import { EXIT, runProgram } from "../../src/cli/mod.ts";
import { buildImage } from "./build.ts";
import { program } from "./options.ts";

await runProgram(program, async ({ options, terminal }) => {
  const image = await buildImage(options);
  const { name, file, size, digest, packages } = image;
  terminal.write(
    options.json
      ? `${JSON.stringify(image)}\n`
      : `${name}\n  file    ${file}\n  size    ${(size / 1e6).toFixed(1)} MB\n  digest  ${digest}\n` +
        packages.map((name) => `  from    ${name}\n`).join(""),
  );
  return EXIT.ok;
});
