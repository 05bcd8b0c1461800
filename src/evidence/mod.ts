/** Evidence: signed statements of who gave out what. Pure but for random keys. */
export { type Certified, type Given, type OwnRun, readCertified, readGiven, readOwnRun } from "./given.ts";
export { createSecret, createSigner, isSigned, PUBLIC_KEY, type Signer } from "./key.ts";
export * from "./statement.ts";
