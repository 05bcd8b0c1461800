/** Evidence: signed statements about who issued what. Pure, except for random keys. */
export {
  type Assigned,
  type Certified,
  type Given,
  type OwnRun,
  readAssigned,
  readCertified,
  readGiven,
  readOwnRun,
} from "./given.ts";
export { createSecret, createSigner, isSigned, PUBLIC_KEY, type Signer } from "./key.ts";
export * from "./statement.ts";
