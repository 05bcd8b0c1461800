import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { testStore } from "./contract.ts";

testStore("openMemoryStore()", () => ({
  open: () => Promise.resolve(openMemoryStore()),
  reopen: (store) => Promise.resolve(store), // it does not outlive its program
  end: () => {},
}), { skip: false });
