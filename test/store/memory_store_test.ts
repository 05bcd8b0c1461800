import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { type StoreCase, testStore, testStoreAtSize } from "./contract.ts";

const createCase = (): StoreCase => ({
  open: () => Promise.resolve(openMemoryStore()),
  reopen: (store) => Promise.resolve(store), // it does not outlive its program
  end: () => {},
});
testStore("openMemoryStore()", createCase, { skip: false });
testStoreAtSize("openMemoryStore()", createCase, { skip: false });
