import { testStoreAtSize } from "./contract.ts";
import { createSqliteCase, skipSqlite } from "./support.ts";

testStoreAtSize("openSqliteStore()", createSqliteCase, { skip: skipSqlite });
