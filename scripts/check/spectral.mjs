// Checks an OpenAPI document with the rules of Spectral for OpenAPI. Prints what is wrong, a line each.
// Usage: node spectral.mjs FILE. Plain JavaScript on Node: Spectral is CommonJS, and only this file needs it.
import spectralCore from "@stoplight/spectral-core";
import spectralRulesets from "@stoplight/spectral-rulesets";
import { readFileSync } from "node:fs";

const spectral = new spectralCore.Spectral();
spectral.setRuleset({ extends: [spectralRulesets.oas] });
const found = await spectral.run(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")));
for (const { code, message, path, severity } of found) {
  process.stdout.write(
    `openapi.json${path.map((part) => ` > ${part}`).join("")}: ${message} (${code}, severity ${severity})\n`,
  );
}
process.exitCode = found.length === 0 ? 0 : 1;
